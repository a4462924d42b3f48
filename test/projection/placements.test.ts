import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import type { Event } from '../../src/event/event.js'
import { openLog } from '../../src/log/open-log.js'
import { buildViews } from '../../src/projection/build.js'
import { openLocations } from '../../src/projection/locate.js'
import { openViews } from '../../src/projection/open-views.js'
import {
  alice,
  at,
  bob,
  changed,
  cornmeal,
  created,
  deleted,
  disk,
  event,
  folder,
  millet,
  snapshot,
  transferred,
} from '../controls.js'
import { anyNews, ids } from './any-events.js'

/** The placements after these batches: cloud, owner, and the positions of the first and the last event. */
async function placementsAfter(t: ExecutionContext, ...batches: readonly (readonly Event[])[]) {
  const path = folder(t)
  using log = openLog(join(path, 'events.db'))
  const { views } = openViews(join(path, 'views.db'), [log.file])
  using _views = views
  for (const batch of batches) {
    log.append(batch, at(1000))
    views.catchUp()
  }
  return views.db
    .prepare(
      `select sp.name, owner.name, from_position, to_position from placements p
      join service_providers sp on sp.id = p.service_provider
      left join projects owner on owner.id = p.owner
      order by resource_type, sp.id, from_at, from_position`,
    )
    .raw()
    .all()
}

for (const [how, split] of [
  ['at once', (events: readonly Event[]) => [events]],
  ['one by one', (events: readonly Event[]) => events.map(each => [each])],
] as const) {
  const placed = (t: ExecutionContext, ...events: Event[]) => placementsAfter(t, ...split(events))

  test(`a transferred resource has a placement for each owner, ${how}`, async t => {
    t.deepEqual(await placed(t, created(disk, alice), transferred(disk, bob), deleted(disk)), [
      [cornmeal, alice, 1, 2],
      [cornmeal, bob, 2, 3],
    ])
  })

  test(`repeated events are one placement, ${how}`, async t => {
    const repeated = [created(disk, alice), changed(disk, alice), created(disk, null)]
    t.deepEqual(await placed(t, ...repeated), [[cornmeal, alice, 1, null]])
  })

  test(`a resource that is created again after its deletion has two placements, ${how}`, async t => {
    const again = [created(disk, alice), deleted(disk), changed(disk, alice), created(disk, alice)]
    t.deepEqual(await placed(t, ...again), [
      [cornmeal, alice, 1, 2],
      [cornmeal, alice, 4, null],
    ])
  })

  test(`a resource that is known only by its deletion has a placement of zero length, ${how}`, async t => {
    t.deepEqual(await placed(t, deleted(disk, { messageId: 'gone' }), deleted(disk)), [
      [cornmeal, null, 1, 1],
    ])
  })

  test(`a snapshot follows the latest twenty transfers of its volume, ${how}`, async t => {
    const transfers = Array.from({ length: 25 }, (_, index) =>
      transferred(disk, index % 2 === 0 ? bob : alice, { emittedAt: at(10 + index) }),
    )
    const found = await placed(
      t,
      created(snapshot, alice, { parent: disk.id, emittedAt: at(1) }),
      created(disk, alice, { emittedAt: at(2) }),
      ...transfers,
    )
    const [ofDisk, ofSnapshot] = [found.slice(0, 26), found.slice(26)]
    t.is(ofDisk.length, 26, 'the volume has all of them')
    t.is(ofSnapshot.length, 20, 'of the latest twenty the first gives it to its owner')
    t.deepEqual(
      ofSnapshot[0],
      [cornmeal, alice, 1, 9],
      'the seventh transfer is the first of the latest',
    )
    t.deepEqual(ofSnapshot.at(-1), [cornmeal, bob, 27, null])
  })

  test(`a snapshot gets a new owner when its volume is transferred, ${how}`, async t => {
    const kept = created(snapshot, alice, { parent: disk.id })
    t.deepEqual(await placed(t, created(disk, alice), kept, transferred(disk, bob)), [
      [cornmeal, alice, 1, 3],
      [cornmeal, bob, 3, null],
      [cornmeal, alice, 2, 3],
      [cornmeal, bob, 3, null],
    ])
  })

  test(`a late event changes the placements at its own time, ${how}`, async t => {
    const late = transferred(disk, bob, { emittedAt: at(20) })
    const events = [
      created(disk, alice, { emittedAt: at(10) }),
      deleted(disk, { emittedAt: at(30) }),
      late,
    ]
    t.deepEqual(await placed(t, ...events), [
      [cornmeal, alice, 1, 3],
      [cornmeal, bob, 3, 2],
    ])
  })

  test(`events of one cloud do not change placements at another, ${how}`, async t => {
    const lie = deleted(disk, { serviceProvider: millet })
    t.deepEqual(await placed(t, created(disk, alice), lie), [
      [cornmeal, alice, 1, null],
      [millet, null, 2, 2],
    ])
  })
}

test('an owner that becomes known later is not assumed for earlier times', async t => {
  t.deepEqual(await placementsAfter(t, [created(disk, null), changed(disk, alice)]), [
    [cornmeal, null, 1, 2],
    [cornmeal, alice, 2, null],
  ])
})

function openReadonly(file: string) {
  const db = new Database(file, { readonly: true })
  return { db, [Symbol.dispose]: () => db.close() }
}

test('law: the present placements equal the locations, and placements of a resource do not overlap', async t => {
  const path = folder(t)
  let run = 0
  const inOrderOfTime = fc
    .array(anyNews, { minLength: 1, maxLength: 20 })
    .chain(all => fc.shuffledSubarray(all, { minLength: all.length }).map(order => [all, order]))
    .map(([all = [], order = []]) =>
      order.map(fields =>
        event({ ...fields, project: fields.project ?? alice, emittedAt: at(all.indexOf(fields)) }),
      ),
    )
  await fc.assert(
    fc.asyncProperty(inOrderOfTime, async events => {
      run += 1
      const here = join(path, String(run))
      using log = openLog(join(here, 'events.db'))
      log.append(events, at(500))
      buildViews(join(here, 'views.db'), [log.file])
      using views = openReadonly(join(here, 'views.db'))
      using locations = openLocations(join(here, 'views.db'), log.file)
      for (const type of ['volume', 'snapshot'] as const) {
        for (const id of ids) {
          const lasting = views.db
            .prepare<unknown[], { cloud: string; project: string | null }>(
              `select sp.name as cloud, owner.name as project from placements p
              join service_providers sp on sp.id = p.service_provider
              left join projects owner on owner.id = p.owner
              where p.resource_type = ? and p.resource_id = ? and to_at is null order by 1`,
            )
            .all(type === 'volume' ? 1 : 2, Buffer.from(id.replaceAll('-', ''), 'hex'))
          const places = locations
            .locate(type, id)
            .map(({ serviceProvider, project }) => ({ cloud: serviceProvider, project }))
            .sort((one, other) => one.cloud.localeCompare(other.cloud))
          t.deepEqual(
            places.map(({ cloud }) => String(cloud)),
            lasting.map(({ cloud }) => cloud),
          )
          if (type === 'volume')
            t.deepEqual(
              places.map(p => ({ ...p, cloud: String(p.cloud) })),
              lasting,
            )
        }
      }
      const overlaps = views.db.prepare(`
        select count(*) from placements one join placements other
          using (resource_type, resource_id, service_provider)
        where (one.from_at, one.from_position) < (other.from_at, other.from_position)
          and ifnull(one.to_at, 9e18) > other.from_at`)
      t.is(overlaps.pluck().get(), 0)
    }),
    { numRuns: 60 },
  )
})
