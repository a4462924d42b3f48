import { join } from 'node:path'
import test from 'ava'
import Database from 'better-sqlite3'
import { position } from '../../src/ids.js'
import { archiveLog } from '../../src/log/archive.js'
import { GENESIS } from '../../src/log/chain.js'
import { openHistory } from '../../src/log/history.js'
import { openLog, openLogReader } from '../../src/log/open-log.js'
import { guards } from '../../src/log/schema.js'
import { verifyLog, verifyTogether } from '../../src/log/verify.js'
import { alice, at, bob, created, disk, event, folder, image, transferred } from '../controls.js'

/** The tests start some twenty processes one after another, while other tests run. */
const PATIENCE_MS = 240_000

/** A log of five events. The tests remove its guards and then tamper with it. */
function tampered(file: string, edit: string): void {
  {
    using log = openLog(file)
    log.append([event(), created(disk, alice), created(image, alice)], at(1))
    log.append([transferred(disk, bob), event()], at(2))
  }
  const db = new Database(file)
  const triggers = db
    .prepare<[], { name: string; sql: string }>(
      "select name, sql from sqlite_schema where type = 'trigger'",
    )
    .all()
  for (const { name } of triggers) db.exec(`drop trigger ${name}`)
  db.pragma('foreign_keys = OFF')
  db.exec(edit)
  for (const { sql } of triggers) db.exec(sql)
  db.close()
}

/** Edit while the index of resources is not in the schema, then restore it. The index still has the old values. */
function unnoticedByIndex(file: string, edit: () => void): void {
  const index = withSchema(file, db => {
    const row = db.prepare("select * from sqlite_schema where name = 'events_by_resource'").get()
    db.exec("delete from sqlite_schema where name = 'events_by_resource'")
    return row as { sql: string; rootpage: number }
  })
  edit()
  withSchema(file, db =>
    db
      .prepare("insert into sqlite_schema values ('index', 'events_by_resource', 'events', ?, ?)")
      .run(index.rootpage, index.sql),
  )
}

function withSchema<Result>(file: string, edit: (db: Database.Database) => Result): Result {
  const db = new Database(file)
  db.unsafeMode(true)
  db.pragma('writable_schema = ON')
  const result = edit(db)
  db.pragma('writable_schema = RESET')
  db.close()
  return result
}

test('verify finds an event that is missing from the index of resources', t => {
  const file = join(folder(t), 'events.db')
  tampered(file, '')
  unnoticedByIndex(file, () => {
    using log = openLog(file)
    log.append([created(image, bob)], at(3))
  })
  using log = openLogReader(file)
  const { breaches } = verifyLog(log)
  t.deepEqual(
    breaches.map(({ position }) => position),
    [6],
  )
  t.regex(breaches[0]?.problem ?? '', /not in the index of resources/)
})

test('verify finds an index entry without an event in the log', t => {
  const path = folder(t)
  const file = join(path, 'events.db')
  tampered(file, '')
  {
    using log = openLog(file)
    log.append([created(image, bob)], at(3))
  }
  unnoticedByIndex(file, () => {
    const db = new Database(file)
    for (const { name } of guards) db.exec(`drop trigger ${name}`)
    db.exec('delete from payloads where position = 6; delete from events where position = 6')
    for (const { sql } of guards) db.exec(sql)
    db.close()
  })
  using log = openLogReader(file)
  const { breaches } = verifyLog(log)
  t.deepEqual(
    breaches.map(({ position }) => position),
    [null],
  )
  t.regex(breaches[0]?.problem ?? '', /1 entries more than there are events/)
})

test('verify reports a missing index of resources', t => {
  const file = join(folder(t), 'events.db')
  tampered(file, 'drop index events_by_resource')
  using log = openLogReader(file)
  const problems = verifyLog(log).breaches.map(({ problem }) => problem)
  t.regex(problems.join('\n'), /the index events_by_resource is missing/)
  t.regex(problems.join('\n'), /no such index: events_by_resource/)
})

const CHANGED = /^its hash is [0-9a-f]{64}, recomputed it is [0-9a-f]{64}: this event or its hash/
const GAP = /^follows position \d: the log has no gaps by design$/

const edits = [
  ['update events set kind = 4 where position = 4', 4, CHANGED],
  ['update events set emitted_at = emitted_at + 1 where position = 2', 2, CHANGED],
  ['update events set project = 2 where position = 2', 2, CHANGED],
  ["update projects set name = 'mallory' where id = 1", 2, CHANGED],
  [
    "update event_types set name = 'volume.delete.end' where name = 'volume.create.start'",
    2,
    CHANGED,
  ],
  ["update events set message_id = 'other' where position = 5", 5, CHANGED],
  ['update events set recorded_at = 0 where position = 1', 1, CHANGED],
  ['update payloads set hash = zeroblob(32) where position = 3', 3, CHANGED],
  [
    'update payloads set body = (select body from payloads where position = 1) where position = 5',
    5,
    CHANGED,
  ],
  ["update payloads set body = x'ffff' where position = 3", 3, /^cannot be read: /],
  ['update payloads set dictionary = 9 where position = 3', 3, /^cannot be read: dictionary 9 /],
  ['delete from events where position = 2; delete from payloads where position = 2', 3, GAP],
  ['delete from payloads where position = 4', 5, GAP],
  ['delete from payloads where position = 5', null, /^row 5 of events stands there alone$/],
] as const

for (const [edit, first, problem] of edits) {
  test(`verify finds the first invalid event after: ${edit.slice(0, 70)}`, t => {
    const file = join(folder(t), 'events.db')
    tampered(file, edit)
    using log = openLogReader(file)
    const { breaches } = verifyLog(log)
    t.is(breaches.length, 1)
    t.is(breaches[0]?.position, first)
    t.regex(breaches[0]?.problem ?? '', problem)
  })
}

test('verify counts the valid events before the first invalid one, of each file of a history', t => {
  const path = folder(t)
  const file = join(path, 'events.db')
  tampered(file, '')
  const { archive } = archiveLog(file, position(2), () => {})
  const eventsIn = (...files: string[]) => {
    using history = openHistory(files)
    return verifyLog(history).events
  }
  t.deepEqual([eventsIn(path), eventsIn(archive)], [5, 2])
  using live = openLogReader(file)
  t.is(verifyLog(live).events, 3)
  const db = new Database(file)
  db.exec('drop trigger events_no_update; update events set kind = 4 where position = 5')
  db.close()
  t.is(verifyLog(live).events, 2)
  t.is(eventsIn(path), 4)
})

test('a noted head may be the last archived event of a log whose archive is missing', t => {
  const file = join(folder(t), 'events.db')
  tampered(file, '')
  using whole = openLogReader(file)
  const [first, second] = [1, 2].map(at => whole.get(position(at))?.hash)
  archiveLog(file, position(2), () => {})
  using live = openLogReader(file)
  t.deepEqual(verifyLog(live, second).breaches, [])
  t.is(verifyLog(live, first).breaches.length, 1)
})

test('verify reports how many events it has verified, after each ten thousand positions', async t => {
  const file = join(folder(t), 'events.db')
  {
    using log = openLog(file)
    log.append(
      Array.from({ length: 10_005 }, () => event()),
      at(1),
    )
  }
  archiveLog(file, position(5), () => {})
  using log = openLogReader(file)
  const reported: number[] = []
  const progress = (events: number) => reported.push(events)
  const verdict = await verifyTogether(log, { progress, processes: 1 })
  t.deepEqual(verdict, { events: 10_000, head: log.head(), breaches: [] })
  t.deepEqual(reported, [9995])
})

test('verification by two processes finds the same as by one', async t => {
  t.timeout(PATIENCE_MS)
  for (const [edit] of edits) {
    const file = join(folder(t), 'events.db')
    tampered(file, edit)
    using log = openLogReader(file)
    t.deepEqual(await verifyTogether(log, { processes: 2 }), verifyLog(log), edit)
  }
})

test('verification by three processes finds a noted head anywhere in the log, and reports an unknown one', async t => {
  const file = join(folder(t), 'events.db')
  tampered(file, '')
  using log = openLogReader(file)
  const inTheLast = await verifyTogether(log, { processes: 3, noted: log.head().hash })
  t.deepEqual(inTheLast, { events: 5, head: log.head(), breaches: [] })
  const nowhere = await verifyTogether(log, { processes: 3, noted: 'f'.repeat(64) })
  t.deepEqual(nowhere, verifyLog(log, 'f'.repeat(64)))
  t.is(nowhere.breaches.length, 1)
})

test('verify reports a missing guard', t => {
  const file = join(folder(t), 'events.db')
  tampered(file, '')
  const db = new Database(file)
  db.exec('drop trigger events_no_delete')
  db.close()
  using log = openLogReader(file)
  t.regex(verifyLog(log).breaches[0]?.problem ?? '', /events_no_delete/)
})

test('a noted head is found in every later copy of its log, and in no other log', t => {
  const path = folder(t)
  using log = openLog(join(path, 'events.db'))
  t.deepEqual(verifyLog(log, GENESIS).breaches, [])
  log.append([event()], at(1))
  const noted = log.head().hash
  log.append([event()], at(2))
  t.deepEqual(verifyLog(log, noted).breaches, [])

  using other = openLog(join(path, 'other.db'))
  other.append([event(), event()], at(1))
  t.regex(verifyLog(other, noted).breaches[0]?.problem ?? '', /not a later copy/)
})
