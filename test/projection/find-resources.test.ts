import { join } from 'node:path'
import test from 'ava'
import { position, resourceId } from '../../src/ids.js'
import { openLog } from '../../src/log/open-log.js'
import { findDeletions, findResourcesByPrefix } from '../../src/projection/find-resources.js'
import {
  alice,
  at,
  changed,
  cornmeal,
  created,
  deleted,
  disk,
  event,
  folder,
  idp,
} from '../controls.js'

const first = { type: 'volume', id: resourceId('5c0b7a52-0000-4000-8000-000000000001') } as const
const second = { type: 'volume', id: resourceId('5c0b7a52-0000-4000-8000-000000000002') } as const
const image = { type: 'image', id: first.id } as const
const named = { type: 'image', id: resourceId('5c0b-golden') } as const

test('a prefix finds every resource whose id begins with it, including deleted ones', t => {
  using log = openLog(join(folder(t), 'events.db'))
  log.append(
    [
      created(first, alice),
      created(second, alice),
      created(image, alice),
      created(named, alice),
      created(disk, alice),
      deleted(second),
    ],
    at(9),
  )
  const find = (prefix: string, options = {}) => findResourcesByPrefix(log.db, prefix, options)
  t.deepEqual(find('5c0b'), [named, image, first, second])
  t.deepEqual(find('5C0B7'), [image, first, second])
  t.deepEqual(find('5c0b7a52-0000-4000-8000-000000000002'), [second])
  t.deepEqual(find('5c0b7a5200004000800000000000000'), [image, first, second])
  t.deepEqual(find('5c0b-'), [named])
  t.deepEqual(find('5d'), [])
  t.deepEqual(find('5c0b', { limit: 2 }), [named, image])
  t.deepEqual(find('5c0b7', { upTo: position(2) }), [first, second])
})

test('findDeletions returns the deletion of a resource at each cloud, the latest last', t => {
  using log = openLog(join(folder(t), 'events.db'))
  log.append(
    [
      event({ ...created(disk, alice), emittedAt: at(1) }),
      event({ ...deleted(disk), emittedAt: at(5) }),
      event({ ...changed(disk, alice), emittedAt: at(3) }),
      event({ ...deleted(disk), serviceProvider: idp, emittedAt: at(4) }),
    ],
    at(9),
  )
  t.deepEqual(findDeletions(log.db, disk.id), [
    { resource: disk, serviceProvider: idp, at: at(4), position: position(4) },
    { resource: disk, serviceProvider: cornmeal, at: at(5), position: position(2) },
  ])
  t.deepEqual(findDeletions(log.db, disk.id, { upTo: position(1) }), [])
})

test('findDeletions does not return a resource that was created again', t => {
  using log = openLog(join(folder(t), 'events.db'))
  log.append(
    [
      event({ ...deleted(disk), emittedAt: at(5) }),
      event({ ...created(disk, alice), emittedAt: at(6) }),
    ],
    at(9),
  )
  t.deepEqual(findDeletions(log.db, disk.id), [])
})
