import { join } from 'node:path'
import test from 'ava'
import { micros, position } from '../../src/ids.js'
import { openLog } from '../../src/log/open-log.js'
import { buildViews } from '../../src/projection/build.js'
import { openLocations } from '../../src/projection/locate.js'

import { locateAt } from '../../src/replay/past-locations.js'
import { parsePoint, positionAt } from '../../src/replay/point.js'
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
  image,
  millet,
  snapshot,
  transferred,
} from '../controls.js'

const story = [
  created(disk, alice),
  created(snapshot, alice, { parent: disk.id }),
  created(image, bob, { serviceProvider: millet }),
  transferred(disk, bob),
  created(image, alice, { serviceProvider: idp }),
  deleted(snapshot),
  changed(disk, bob),
  deleted(disk),
  created(disk, alice, { serviceProvider: millet }),
]

test('locateAt equals the view at every position of a history', async t => {
  const path = folder(t)
  using log = openLog(join(path, 'events.db'))
  for (const [index, event] of story.entries()) log.append([event], at(index))
  for (const upTo of [...story.keys(), story.length].map(position)) {
    const file = join(path, `views-${upTo}.db`)
    buildViews(file, [log.file], { upTo })
    using locations = openLocations(file, log.file)
    const locate = locateAt(log, upTo)
    for (const { type, id } of [disk, snapshot, image]) {
      t.deepEqual(locate(type, id), locations.locate(type, id), `${type} at ${upTo}`)
    }
  }
  t.deepEqual(
    locateAt(log, position(5))(image.type, image.id).map(place => place.serviceProvider),
    [idp, millet],
  )
  t.deepEqual(
    locateAt(log, position(5), millet)(image.type, image.id).map(place => place.serviceProvider),
    [millet, idp],
  )
  t.is(locateAt(log, position(4))(snapshot.type, snapshot.id)[0]?.project, bob)
  t.is(locateAt(log, position(7))(disk.type, disk.id)[0]?.serviceProvider, cornmeal)
})

test('locateAt uses the index of resources', t => {
  using log = openLog(join(folder(t), 'events.db'))
  const reads: string[] = []
  const prepare = log.db.prepare.bind(log.db)
  const spied = Object.assign(Object.create(log.db), {
    prepare: (sql: string) => {
      const bound = sql.replaceAll(/:\w+/g, '1')
      for (const row of prepare<[], { detail: string }>(`explain query plan ${bound}`).all()) {
        reads.push(row.detail)
      }
      return prepare(sql)
    },
  })
  locateAt({ ...log, db: spied }, position(1))
  t.deepEqual(
    reads.filter(detail => /SCAN events|SEARCH events USING INTEGER/.test(detail)),
    [],
  )
  t.true(reads.some(detail => detail.includes('events_by_resource')))
})

test('positionAt of a time is the last event recorded until then', t => {
  using log = openLog(join(folder(t), 'events.db'))
  t.is(positionAt(log, { time: at(5) }), position(0))
  for (const seconds of [10, 20, 20, 30]) log.append([created(disk, alice)], at(seconds))
  t.deepEqual(
    [9, 10, 15, 20, 29, 30, 99].map(seconds => positionAt(log, { time: at(seconds) })),
    [0, 1, 1, 3, 3, 4, 4].map(position),
  )
  t.is(positionAt(log, { time: micros(at(10) - 1) }), position(0))
  t.is(positionAt(log, { position: position(3) }), position(3))
  t.throws(() => positionAt(log, { position: position(99) }), { code: 'USAGE' })
})

test('recorded times do not decrease when the clock is set back', t => {
  using log = openLog(join(folder(t), 'events.db'))
  log.append([created(disk, alice)], at(20))
  const { recorded } = log.append([deleted(disk)], at(5))
  t.is(recorded[0]?.recordedAt, at(20))
})

test('parsePoint reads positions, and times with or without seconds and hours', t => {
  const time = (text: string) => ({ time: micros(Date.parse(text) * 1000) })
  t.deepEqual(parsePoint('4182'), { position: position(4182) })
  t.deepEqual(parsePoint('2026-11-23'), time('2026-11-23T00:00:00Z'))
  t.deepEqual(parsePoint('2026-11-23T13:20'), time('2026-11-23T13:20:00Z'))
  t.deepEqual(parsePoint('2026-11-23 13:20'), time('2026-11-23T13:20:00Z'))
  t.deepEqual(parsePoint('2026-11-23T13:20+02:00'), time('2026-11-23T11:20:00Z'))
  t.deepEqual(parsePoint('2026-11-23T13:20:06.5Z'), time('2026-11-23T13:20:06.500Z'))
  for (const wrong of ['', '-1', '2026-13-01', '2026-11-23T13']) {
    t.throws(() => parsePoint(wrong), { code: 'USAGE' }, wrong)
  }
})
