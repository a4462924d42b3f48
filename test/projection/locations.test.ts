import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { Event } from '../../src/event/event.js'
import { type ResourceKey, resourceId } from '../../src/ids.js'
import { openLog } from '../../src/log/open-log.js'
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
  folder,
  idp,
  millet,
  snapshot,
  transferred,
} from '../controls.js'

/** The places of a resource after these batches of events were recorded and applied one after another. */
async function located(
  t: ExecutionContext,
  resource: ResourceKey,
  ...batches: readonly (readonly Event[])[]
) {
  const path = folder(t)
  using log = openLog(join(path, 'events.db'))
  const { views } = openViews(join(path, 'views.db'), [log.file])
  using _views = views
  for (const batch of batches) {
    log.append(batch, at(1000))
    views.catchUp()
  }
  using locations = openLocations(join(path, 'views.db'), log.file)
  return locations
    .locate(resource.type, resource.id)
    .map(({ serviceProvider, project }) => [serviceProvider, project])
}

test('a resource is at the cloud where it was created, and belongs to the project that created it', async t => {
  t.deepEqual(await located(t, disk, [created(disk, alice)]), [[cornmeal, alice]])
})

test('a transferred volume changes its project and stays where it is', async t => {
  t.deepEqual(await located(t, disk, [created(disk, alice)], [transferred(disk, bob)]), [
    [cornmeal, bob],
  ])
})

test('an update of an unknown resource locates it', async t => {
  t.deepEqual(await located(t, disk, [changed(disk, alice)]), [[cornmeal, alice]])
})

test('an event without a project does not change the owner', async t => {
  t.deepEqual(await located(t, disk, [created(disk, alice), changed(disk, null)]), [
    [cornmeal, alice],
  ])
})

test('an image without an owner is located', async t => {
  t.deepEqual(await located(t, disk, [created(disk, null)]), [[cornmeal, null]])
})

test('a deleted resource has no place, and a late update does not restore it', async t => {
  const gone = [created(disk, alice), deleted(disk)]
  t.deepEqual(await located(t, disk, gone), [])
  t.deepEqual(await located(t, disk, gone, [changed(disk, alice, { emittedAt: at(9_000) })]), [])
})

test('a resource that is created again after its deletion is located', async t => {
  const gone = [created(disk, alice), deleted(disk)]
  t.deepEqual(await located(t, disk, gone, [created(disk, bob)]), [[cornmeal, bob]])
})

test('a creation that arrives after its later deletion does not restore the resource', async t => {
  const [first, last] = [created(disk, alice), deleted(disk)]
  t.deepEqual(await located(t, disk, [last], [first]), [])
})

test('an older update that arrives late does not change the owner back', async t => {
  const moved = [created(disk, alice), transferred(disk, bob)]
  const older = changed(disk, alice, { emittedAt: at(-1) })
  t.deepEqual(await located(t, disk, moved, [older]), [[cornmeal, bob]])
  t.deepEqual(await located(t, disk, moved, [changed(disk, alice)]), [[cornmeal, alice]])
})

test('snapshots move with their volume, even if their events arrive later', async t => {
  const moved = [[cornmeal, bob]]
  const early = created(snapshot, alice, { parent: disk.id })
  t.deepEqual(
    await located(t, snapshot, [created(disk, alice), early, transferred(disk, bob)]),
    moved,
  )
  const late = created(snapshot, alice, { parent: disk.id, emittedAt: at(0) })
  t.deepEqual(
    await located(t, snapshot, [created(disk, alice), transferred(disk, bob)], [late]),
    moved,
  )
})

test('a snapshot that was created after the transfer belongs to the project in its event', async t => {
  const move = transferred(disk, bob)
  const taken = created(snapshot, alice, { parent: disk.id })
  t.deepEqual(await located(t, snapshot, [move, taken]), [[cornmeal, alice]])
})

test('of two clouds that hold an id the identity provider is first, otherwise the earlier holder', async t => {
  const at_millet = created(disk, bob, { serviceProvider: millet })
  const at_idp = created(disk, bob, { serviceProvider: idp })
  t.deepEqual(await located(t, disk, [created(disk, alice), at_millet]), [
    [cornmeal, alice],
    [millet, bob],
  ])
  t.deepEqual(await located(t, disk, [created(disk, alice), at_millet], [at_idp]), [
    [idp, bob],
    [cornmeal, alice],
    [millet, bob],
  ])
})

test('false events of one cloud do not move or hide resources of another', async t => {
  const lies = [
    created(disk, bob, { serviceProvider: millet, emittedAt: at(-99_999) }),
    transferred(disk, bob, { serviceProvider: millet }),
    deleted(disk, { serviceProvider: millet, emittedAt: at(99_999) }),
  ]
  t.deepEqual(await located(t, disk, [created(disk, alice)], lies), [[cornmeal, alice]])
})

test('the same id as a volume and as an image are two resources', async t => {
  const twin: ResourceKey = { type: 'image', id: disk.id }
  t.deepEqual(await located(t, twin, [created(disk, alice), deleted(disk)], [created(twin, bob)]), [
    [cornmeal, bob],
  ])
})

test('an id is found as every type that has it, with the preferred cloud first', t => {
  const path = folder(t)
  const twin: ResourceKey = { type: 'image', id: disk.id }
  using log = openLog(join(path, 'events.db'))
  const there = { serviceProvider: millet }
  log.append([created(disk, alice), created(disk, bob, there), created(twin, bob, there)], at(9))
  openViews(join(path, 'views.db'), [log.file]).views[Symbol.dispose]()
  for (const [prefer, volumes] of [
    [millet, [millet, cornmeal]],
    [cornmeal, [cornmeal, millet]],
  ] as const) {
    using locations = openLocations(join(path, 'views.db'), log.file, { prefer })
    const found = locations
      .find(disk.id)
      .map(({ resource, places }) => [resource, places.map(place => place.serviceProvider)])
    t.deepEqual(found, [
      [twin, [millet]],
      [disk, volumes],
    ])
    t.deepEqual(locations.find(snapshot.id), [])
  }
})

test('an id that is no UUID is located by its text', async t => {
  const odd: ResourceKey = { type: 'volume', id: resourceId('volume-of-old') }
  t.deepEqual(await located(t, odd, [created(odd, alice)]), [[cornmeal, alice]])
})

test('of two owners at the same time the one that was recorded later counts', async t => {
  const events = [
    created(disk, alice, { emittedAt: at(7) }),
    changed(disk, bob, { emittedAt: at(7) }),
  ]
  t.deepEqual(await located(t, disk, events), [[cornmeal, bob]])
  const twin: ResourceKey = { type: 'image', id: disk.id }
  t.deepEqual(await located(t, disk, [created(twin, bob), created(twin, alice)], events), [
    [cornmeal, bob],
  ])
  t.deepEqual(await located(t, disk, ...events.toReversed().map(each => [each])), [
    [cornmeal, alice],
  ])
})
