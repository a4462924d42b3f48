import { join } from 'node:path'
import test from 'ava'
import { resourceId } from '../../src/ids.js'
import { openLog } from '../../src/log/open-log.js'
import {
  alice,
  at,
  bob,
  cornmeal,
  created,
  deleted,
  disk,
  folder,
  image,
  transferred,
} from '../controls.js'
import { mixmatch } from './run-command.js'

/** A log without views, of a volume that is created, transferred and deleted. */
function recorded(path: string): void {
  using log = openLog(join(path, 'events.db'))
  log.append([created(disk, alice, { emittedAt: at(1) })], at(10))
  log.append([transferred(disk, bob, { emittedAt: at(2) })], at(20))
  log.append([deleted(disk, { emittedAt: at(3) })], at(30))
}

test('locate --at uses only the events up to a position or time', async t => {
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

test('locate --history prints all clouds, projects and times, with their events', async t => {
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

test('a point that is neither a time nor a position exits with 2', async t => {
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

test('locate of a deleted resource prints when it was deleted, and the event', async t => {
  const path = folder(t)
  recorded(path)
  const { code, err } = await mixmatch(path, 'locate', disk.id, '--log', 'events.db')
  t.is(code, 1)
  const when = new Date(at(3) / 1000).toISOString().slice(0, 19)
  t.true(
    err.includes(
      `cornmeal deleted volume ${disk.id} at ${when}.000000Z, says event 3 (volume.delete.end).`,
    ),
    err,
  )
  const before = await mixmatch(path, 'locate', disk.id, '--log', 'events.db', '--at', '0')
  t.notRegex(before.err, /deleted/)
})

test('locate accepts a unique prefix of an id', async t => {
  const path = folder(t)
  const twin = { ...image, id: resourceId(disk.id.replace(/1$/, '2')) }
  {
    using log = openLog(join(path, 'events.db'))
    log.append([created(disk, alice), created(twin, alice), created(image, bob)], at(10))
  }
  const ask = (id: string) =>
    mixmatch(path, 'locate', id, '--log', 'events.db', '-f', 'value', '-c', 'id')
  t.is((await ask(image.id.slice(0, 4))).out, `${image.id}\n`)
  t.is((await ask(disk.id)).out, `${disk.id}\n`)
  const several = await ask(disk.id.slice(0, 8))
  t.is(several.code, 2)
  t.regex(several.err, /11111111: several ids begin so: image 1111.*2, volume 1111.*1\. Write more/)
  t.is((await ask('ffff')).code, 1)
})

test('a reading command without a configuration suggests --log', async t => {
  const { code, err } = await mixmatch(folder(t), 'locate', disk.id)
  t.is(code, 2)
  t.regex(err, /No configuration.*Or name the event log itself, with --log FILE/)
})

for (const args of [
  ['locate', disk.id, '--at', '9'],
  ['locate', disk.id, '--at', '1795440000'],
  ['explain', 'GET', '/image/v2/images', '--at', '9'],
  ['replay', '--from', '9'],
  ['replay', '--until', '9'],
  ['replay', '--diff', '1', '9'],
  ['replay', '--sp', 'nowhere'],
  ['log', 'show', '9'],
  ['log', 'export', '--from', '9'],
  ['log', 'export', '--until', '9'],
  ['audit', 'placement', '--at', '9'],
  ['audit', 'placement', '--sp', 'nowhere'],
  ['audit', 'placement', '--project', 'nobody'],
]) {
  test(`${args.join(' ')} with a log of three events exits with 2`, async t => {
    const path = folder(t)
    recorded(path)
    const { code, out, err } = await mixmatch(path, ...args, '--log', 'events.db')
    t.is(code, 2, err)
    t.is(out, '')
    t.regex(
      err,
      /the log ends with event 3|no event at position 9|expected one of the clouds|never heard/,
    )
  })
}
