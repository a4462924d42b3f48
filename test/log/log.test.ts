import { createHash, randomUUID } from 'node:crypto'
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import Database from 'better-sqlite3'
import type { Event } from '../../src/event/event.js'
import { micros, position } from '../../src/ids.js'
import type { EventLog } from '../../src/log/event-log.js'
import { openLog, openLogReader } from '../../src/log/open-log.js'
import { verifyLog } from '../../src/log/verify.js'
import {
  alice,
  at,
  bob,
  cornmeal,
  created,
  deleted,
  disk,
  event,
  folder,
  idp,
  image,
} from '../controls.js'

test('appended events are read back unchanged and in order, with positions from 1', t => {
  using log = openLog(join(folder(t), 'events.db'))
  const events = [
    created(disk, alice),
    event({ messageId: 'not a UUID', emittedAt: null, serviceProvider: idp }),
    event({ messageId: 'ABCDEF00-0000-4000-8000-000000000000', body: 'not JSON {"\u0000é' }),
    event({ wire: { exchange: '', routingKey: '', envelope: 'none' }, source: 'recorder' }),
    deleted({ type: 'image', id: disk.id }),
  ]
  const { recorded, duplicates } = log.append(events, at(60))

  t.is(duplicates, 0)
  t.deepEqual(
    recorded.map(each => each.position),
    [1, 2, 3, 4, 5].map(position),
  )
  t.deepEqual([...log.read()], [...recorded])
  t.like(recorded[1], { ...events[1], recordedAt: at(60) })
  t.deepEqual(log.get(position(3)), recorded[2])
  t.is(log.get(position(6)), undefined)
})

test('each hash can be computed from the previous one and the stored fields, as documented', t => {
  using log = openLog(join(folder(t), 'events.db'))
  const bare = event({ emittedAt: null, resource: null, project: null, parent: null })
  const { recorded } = log.append([created(disk, alice), bare], at(60))
  let previous = Buffer.alloc(32)
  for (const { hash, position, recordedAt, resource, wire, ...rest } of recorded) {
    const fields = [
      ...[1, position, recordedAt, rest.serviceProvider, rest.source, rest.messageId],
      ...[rest.eventType, rest.kind, rest.emittedAt, resource?.type ?? null, resource?.id ?? null],
      ...[rest.project, rest.parent, wire.exchange, wire.routingKey, wire.envelope],
    ]
    const sum = createHash('sha256').update(previous).update(JSON.stringify(fields))
    previous = sum.update('\n').update(rest.body).digest()
    t.is(hash, previous.toString('hex'))
  }
  t.deepEqual([...log.read()], [...recorded])
})

test('a message that is delivered several times by one cloud is one event', t => {
  using log = openLog(join(folder(t), 'events.db'))
  const once = created(disk, alice)
  const elsewhere = { ...once, serviceProvider: idp }
  t.is(log.append([once, once], at(1)).recorded.length, 1)
  t.is(log.append([once, elsewhere, once], at(2)).duplicates, 2)
  t.deepEqual(
    [...log.read()].map(each => [each.position, each.serviceProvider]),
    [
      [position(1), cornmeal],
      [position(2), idp],
    ],
  )
})

test('a failed batch appends nothing, and the log accepts the next batch', t => {
  using log = openLog(join(folder(t), 'events.db'))
  log.append([created(disk, alice)], at(1))
  const impossible: Event = { ...event(), project: Symbol('no text') as never }
  t.throws(() => log.append([event(), impossible], at(2)))
  log.append([deleted(disk)], at(3))
  t.deepEqual(
    [...log.read()].map(each => each.kind),
    ['created', 'deleted'],
  )
  t.deepEqual(verifyLog(log).breaches, [])
})

test('words of a failed batch get their numbers from a later batch', t => {
  using log = openLog(join(folder(t), 'events.db'))
  const rejected = event({ emittedAt: micros(1.5) }) // no integer, so SQLite rejects it
  t.throws(() => log.append([created(disk, alice), rejected], at(1)))
  log.append([created(image, bob), created(disk, alice)], at(2))
  t.deepEqual(
    [...log.read()].map(({ project }) => project),
    [bob, alice],
  )
  t.deepEqual(log.db.prepare('select name from projects order by id').pluck().all(), [bob, alice])
})

test('a thread compresses payloads to the same bytes as append', async t => {
  const bodies = ['{}', '{"payload": "\u00e9"}', '"\ud800"', 'x'.repeat(100_000)]
  const events = bodies.map(body => event({ messageId: randomUUID(), body }))
  const [inThread, inAppend] = [openLog(join(folder(t), 'a.db')), openLog(join(folder(t), 'b.db'))]
  inThread.append(events, at(1), await inThread.compress(events))
  inAppend.append(events, at(1))
  const rowsOf = (log: EventLog) => log.db.prepare('select * from payloads').all()
  t.is(rowsOf(inThread).length, 4)
  t.deepEqual(rowsOf(inThread), rowsOf(inAppend))
  for (const log of [inThread, inAppend]) log[Symbol.dispose]()
})

test('a duplicate in a batch does not shift the payloads of the others', async t => {
  using log = openLog(join(folder(t), 'events.db'))
  const [one, two, three] = ['1', '2', '3'].map(body => event({ messageId: randomUUID(), body }))
  if (!one || !two || !three) return t.fail()
  log.append([two], at(1))
  const events = [one, two, three]
  t.is(log.append(events, at(2), await log.compress(events)).duplicates, 1)
  t.deepEqual(
    [...log.read()].map(({ body }) => body),
    ['2', '1', '3'],
  )
})

test('a reopened log continues its positions and its chain', t => {
  const file = join(folder(t), 'events.db')
  {
    using log = openLog(file)
    log.append([created(disk, alice)], at(1))
  }
  using log = openLog(file)
  log.append([deleted(disk)], at(2))
  t.is(log.head().position, position(2))
  t.deepEqual(verifyLog(log), { events: 2, head: log.head(), breaches: [] })
})

for (const statement of [
  'update events set kind = 0 where position = 1',
  'delete from events where position = 1',
  "update payloads set body = x'00' where position = 1",
  'delete from payloads',
  "update service_providers set name = 'sp666'",
  "update projects set name = 'mallory'",
  "insert into events select 9, service_provider, origin, event_type, kind, recorded_at, emitted_at, 'new', resource_type, resource_id, project, parent from events",
  "insert or replace into events select position, service_provider, origin, event_type, 0, recorded_at, emitted_at, 'new', resource_type, resource_id, project, parent from events",
]) {
  test(`the log file refuses: ${statement.slice(0, 60)}`, t => {
    const file = join(folder(t), 'events.db')
    using log = openLog(file)
    log.append([created(disk, alice)], at(1))
    const db = new Database(file)
    t.teardown(() => db.close())
    t.throws(() => db.exec(statement), { any: true, message: /append-only|no gaps/ })
    t.is(verifyLog(log).breaches.length, 0)
  })
}

test('INSERT OR REPLACE of a message that the log has changes nothing', t => {
  const file = join(folder(t), 'events.db')
  using log = openLog(file)
  log.append([created(disk, alice)], at(1))
  const db = new Database(file)
  t.teardown(() => db.close())
  db.exec(`insert or replace into events select 2, service_provider, origin, event_type, 0, recorded_at,
    emitted_at, message_id, resource_type, resource_id, project, parent from events`)
  t.deepEqual(
    [...log.read()].map(each => [each.position, each.kind]),
    [[position(1), 'created']],
  )
})

test('a reader cannot write, and it sees events that are appended while it is open', t => {
  const file = join(folder(t), 'events.db')
  using log = openLog(file)
  using reader = openLogReader(file)
  t.is(reader.head().position, position(0))
  log.append([created(disk, bob)], at(1))
  t.deepEqual(reader.head(), log.head())
  t.throws(() => reader.db.exec('create table t (x)'), { any: true, code: 'SQLITE_READONLY' })
})

test('text that UTF-8 cannot encode is stored as valid UTF-8, and the chain is valid', t => {
  using log = openLog(join(folder(t), 'events.db'))
  const half = 'x\ud800'
  log.append([event({ messageId: half, eventType: half, body: JSON.stringify({ half }) })], at(1))
  t.is(log.append([event({ messageId: half })], at(2)).duplicates, 1)
  const [recorded] = [...log.read()]
  t.like(recorded, { messageId: 'x\ufffd', eventType: 'x\ufffd', body: '{"half":"x\\ud800"}' })
  t.deepEqual(verifyLog(log).breaches, [])
})

test('an open log accepts no events after its file was deleted or replaced', t => {
  const path = folder(t)
  const file = join(path, 'events.db')
  using log = openLog(file)
  log.append([created(disk, alice)], at(1))
  renameSync(file, `${file}.away`)
  t.throws(() => log.append([event()], at(2)), { code: 'LOG_LOST' })
  openLog(file)[Symbol.dispose]()
  t.throws(() => log.append([event()], at(2)), { code: 'LOG_LOST' })
  renameSync(`${file}.away`, file)
  t.is(log.append([event()], at(2)).recorded.length, 1)
})

test('a file that is no event log, or is from a newer version, is refused and not changed', t => {
  const path = folder(t)
  t.throws(() => openLogReader(join(path, 'absent.db')), { code: 'LOG_NOT_FOUND' })

  const other = new Database(join(path, 'other.db'))
  other.exec('create table address_book (name)')
  other.close()
  t.throws(() => openLog(join(path, 'other.db')), { code: 'LOG_NOT_A_LOG' })

  openLog(join(path, 'future.db'))[Symbol.dispose]()
  const future = new Database(join(path, 'future.db'))
  future.pragma('user_version = 99')
  future.close()
  for (const open of [openLog, openLogReader]) {
    t.throws(() => open(join(path, 'future.db')), {
      code: 'LOG_FROM_THE_FUTURE',
      message: /schema 99/,
    })
  }
})

test('the error for a folder in the place of the log names it', t => {
  const path = folder(t)
  const message = `${path}: cannot be read (it is a folder). Expected a file on a disk that works.`
  t.throws(() => openLogReader(path), { code: 'FILE_NOT_READABLE', message })
  t.throws(() => openLog(path), { code: 'FILE_NOT_WRITABLE' })
})
