import { join } from 'node:path'
import test from 'ava'
import { openLog } from '../../src/log/log.js'
import {
  alice,
  at,
  bob,
  cornmeal,
  created,
  deleted,
  disk,
  folder,
  transferred,
} from '../controls.js'
import { mixmatch } from './mixmatch.js'

/** A log alone, without views, of a volume that is made, given away and deleted. */
function recorded(path: string): void {
  using log = openLog(join(path, 'events.db'))
  log.append([created(disk, alice, { emittedAt: at(1) })], at(10))
  log.append([transferred(disk, bob, { emittedAt: at(2) })], at(20))
  log.append([deleted(disk, { emittedAt: at(3) })], at(30))
}

test('locate --at says where a resource was as far as was known at a position or time', async t => {
  const path = folder(t)
  recorded(path)
  const owner = async (...when: string[]) => {
    const args = ['locate', disk.id, '--log', 'events.db', '--format', 'json', ...when]
    const { code, out } = await mixmatch(path, ...args)
    return code === 0 ? JSON.parse(out).project : code
  }
  const time = (seconds: number) => new Date(at(seconds) / 1000).toISOString()
  t.is(await owner('--at', '1'), alice)
  t.is(await owner('--at', '2'), bob)
  t.is(await owner('--at', time(15)), alice)
  t.is(await owner('--at', time(25)), bob)
  t.is(await owner('--at', time(9)), 1)
  t.is(await owner('--at', '3'), 1)
  t.is(await owner(), 1)
})

test('locate --history says where a resource was, when, and which events say so', async t => {
  const path = folder(t)
  recorded(path)
  const args = ['locate', disk.id, '--log', 'events.db', '--format', 'json', '--history']
  const rows = (await mixmatch(path, ...args)).out.trim().split('\n')
  t.deepEqual(
    rows.map(row => JSON.parse(row)).map(row => [row.project, row.from_position, row.to_position]),
    [
      [alice, 1, 2],
      [bob, 2, 3],
    ],
  )
  t.is(JSON.parse(rows[0] ?? '').service_provider, cornmeal)
})

test('a point that is neither a time nor a position is misuse', async t => {
  const path = folder(t)
  recorded(path)
  const { code, err } = await mixmatch(
    path,
    'locate',
    disk.id,
    '--log',
    'events.db',
    '--at',
    'noon',
  )
  t.is(code, 2)
  t.regex(err, /"noon": expected a position/)
})
