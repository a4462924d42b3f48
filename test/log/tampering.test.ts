import { randomBytes } from 'node:crypto'
import { appendFileSync, copyFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import Database from 'better-sqlite3'
import { MixmatchError } from '../../src/errors.js'
import { position } from '../../src/ids.js'
import { archiveLog } from '../../src/log/archive.js'
import { openHistory } from '../../src/log/history.js'
import { openLog } from '../../src/log/open-log.js'
import { verifyLog } from '../../src/log/verify.js'
import {
  alice,
  at,
  bob,
  created,
  deleted,
  disk,
  event,
  folder,
  idp,
  image,
  snapshot,
  transferred,
} from '../controls.js'
import { forgeries, type Value } from './forgeries.js'

/** A log with a value in every column, and with repeated values. */
function recorded(path: string): string {
  using log = openLog(join(path, 'events.db'))
  log.append(
    [
      event({ messageId: 'not a UUID', emittedAt: null, serviceProvider: idp }),
      created(disk, alice),
      created(image, alice, { serviceProvider: idp }),
      created({ type: 'image', id: image.id }, null),
      created(snapshot, alice, { parent: disk.id }),
      event({ wire: { exchange: '', routingKey: '', envelope: 'none' }, source: 'recorder' }),
    ],
    at(1),
  )
  log.append([transferred(disk, bob), event({ body: 'no JSON: é \uFFFD' }), deleted(image)], at(2))
  return log.file
}

/** The problems that verify finds after an edit by somebody who can remove the triggers. */
function problemsAfter(file: string, edit: (db: Database.Database) => void): string[] {
  const db = new Database(file)
  db.pragma('synchronous = OFF')
  db.pragma('foreign_keys = OFF')
  db.exec('begin')
  try {
    const triggers = db
      .prepare<[], { name: string; sql: string }>(
        "select name, sql from sqlite_schema where type = 'trigger'",
      )
      .all()
    for (const { name } of triggers) db.exec(`drop trigger ${name}`)
    edit(db)
    for (const { sql } of triggers) db.exec(sql)
    db.exec('commit')
  } finally {
    db.close()
  }
  return problemsIn([file])
}

function problemsIn(files: readonly string[]): string[] {
  try {
    using log = openHistory(files)
    return verifyLog(log).breaches.map(({ problem }) => problem)
  } catch (error) {
    if (error instanceof MixmatchError && error.code === 'LOG_BROKEN') return [error.message]
    throw error
  }
}

/** Write each forged value of each cell to a copy, and check that verify finds every one. */
async function tryEveryCell(
  t: ExecutionContext,
  file: string,
  only: readonly string[] = [],
): Promise<number> {
  const db = new Database(file)
  const tables = db
    .prepare<[], string>("select name from sqlite_schema where type = 'table'")
    .pluck()
    .all()
    .filter(table => only.length === 0 || only.includes(table))
  let tried = 0
  for (const table of tables) {
    const rows = db.prepare<[], Record<string, Value>>(`select rowid as row_id, * from ${table}`)
    const isGenerated = new Set(
      db
        .prepare<[], { name: string; hidden: number }>(`pragma table_xinfo(${table})`)
        .all()
        .filter(({ hidden }) => hidden > 0)
        .map(({ name }) => name),
    )
    for (const { row_id, ...row } of rows.all()) {
      await setImmediate()
      for (const [column, value] of Object.entries(row)) {
        if (isGenerated.has(column)) continue
        for (const forged of forgeries(value)) {
          const copy = `${file}.copy`
          copyFileSync(file, copy)
          try {
            const problems = problemsOfEdit(copy, table, column, row_id, forged)
            tried += 1
            const what = `${table}.${column} of row ${row_id}: ${show(value)} → ${show(forged)}`
            if (problems.length === 0) t.fail(what)
          } catch (error) {
            // The column type rejected this value, so there is no edit to find.
            if (!(error instanceof Database.SqliteError)) throw error
            if (!/SQLITE_(CONSTRAINT|MISMATCH)/.test(error.code)) throw error
          }
        }
      }
    }
  }
  db.close()
  return tried
}

function problemsOfEdit(
  copy: string,
  table: string,
  column: string,
  row: Value | undefined,
  forged: Value,
): string[] {
  const edit = (db: Database.Database) => {
    db.prepare(`update ${table} set ${column} = ? where rowid = ?`).run(forged, row)
  }
  return problemsAfter(copy, edit)
}

function show(value: Value): string {
  return Buffer.isBuffer(value) ? `x'${value.toString('hex').slice(0, 80)}'` : JSON.stringify(value)
}

test('verify finds every edit of every cell of a log', async t => {
  t.timeout(600_000, 'it verifies a log a thousand times')
  const file = recorded(folder(t))
  t.deepEqual(problemsIn([file]), [])
  t.true((await tryEveryCell(t, file)) > 700)
})

/** The tables of a log, with the columns that are stored, from its schema. */
function columnsOf(file: string): Map<string, string[]> {
  const db = new Database(file, { readonly: true })
  try {
    const tables = db
      .prepare<[], string>("select name from sqlite_schema where type = 'table'")
      .pluck()
      .all()
    const columns = db
      .prepare<[string], string>('select name from pragma_table_xinfo(?) where hidden = 0')
      .pluck()
    return new Map(tables.map(table => [table, columns.all(table)]))
  } finally {
    db.close()
  }
}

test('every column but those of an archive has a value in the log that is edited cell by cell', t => {
  const file = recorded(folder(t))
  const db = new Database(file, { readonly: true })
  t.teardown(() => db.close())
  const empty = [...columnsOf(file)].flatMap(([table, columns]) =>
    columns
      .filter(column => db.prepare(`select count(${column}) from ${table}`).pluck().get() === 0)
      .map(column => `${table}.${column}`),
  )
  t.deepEqual(empty, ['base.position', 'base.hash', 'base.archive'])
})

/** SQL that removes, repeats or exchanges rows of a table, for each row and each pair of neighbours. */
function rowEdits(table: string, columns: readonly string[], rows: number): string[] {
  const all = columns.join(', ')
  const swapped = columns.slice(1).join(', ')
  const rowid = (index: number) =>
    `(select rowid from ${table} order by rowid limit 1 offset ${index})`
  const each = Array.from({ length: rows }, (_, index) => index)
  return [
    ...each.map(index => `delete from ${table} where rowid = ${rowid(index)}`),
    `delete from ${table}`,
    ...each.flatMap(index => [
      `create temp table copied as select * from ${table} where rowid = ${rowid(index)};
       update copied set ${columns[0]} = (select max(rowid) + 1 from ${table});
       insert into ${table} (${all}) select ${all} from copied`,
    ]),
    ...each.slice(1).map(
      index => `create temp table swapped as select * from ${table} where rowid in (${rowid(index - 1)}, ${rowid(index)});
       update ${table} set (${swapped}) = (select ${swapped} from swapped
         where swapped.${columns[0]} != ${table}.${columns[0]})
         where ${columns[0]} in (select ${columns[0]} from swapped)`,
    ),
  ]
}

test('verify finds every row that is removed, repeated or exchanged with its neighbour, in every table', async t => {
  t.timeout(600_000, 'it verifies a log a hundred times')
  const file = recorded(folder(t))
  let tried = 0
  for (const [table, columns] of columnsOf(file)) {
    const db = new Database(file, { readonly: true })
    const rows = db.prepare<[], number>(`select count(*) from ${table}`).pluck().get() ?? 0
    db.close()
    for (const sql of rows === 0 ? [] : rowEdits(table, columns, rows)) {
      await setImmediate()
      const copy = `${file}.copy`
      copyFileSync(file, copy)
      try {
        if (problemsAfter(copy, db => db.exec(sql)).length === 0) t.fail(sql)
        tried += 1
      } catch (error) {
        // A unique index does not allow it.
        if (!(error instanceof Database.SqliteError && /CONSTRAINT/.test(error.code))) throw error
      }
    }
  }
  t.true(tried > 50, `${tried} edits`)
})

test('verify names every column that is added or renamed, and every index that is dropped', t => {
  const file = recorded(folder(t))
  const changes = [...columnsOf(file)].flatMap(([table, columns]) => [
    `alter table ${table} add column mine text`,
    ...columns.map(column => `alter table ${table} rename column ${column} to mine`),
  ])
  for (const sql of [...changes, 'drop index events_by_resource']) {
    const copy = `${file}.copy`
    copyFileSync(file, copy)
    const db = new Database(copy)
    db.exec(sql)
    db.close()
    t.not(problemsIn([copy]).length, 0, sql)
  }
})

const edits: Record<string, string> = {
  'a deleted last event whose payload stays': 'delete from events where position = 9',
  'a deleted last payload whose event stays': 'delete from payloads where position = 9',
  'unused words after the last events and payloads were deleted':
    'delete from payloads where position > 6; delete from events where position > 6',
  'an event before the first': `insert into events (position, service_provider, origin, event_type, kind,
    recorded_at, message_id) values (0, 1, 1, 1, 0, 0, 'x')`,
  'a payload before the first': `insert into payloads values (-5, x'00', 1, x'03')`,
  'two events that were swapped with their payloads': `update events set position = 99 where position = 2;
    update events set position = 2 where position = 3; update events set position = 3 where position = 99;
    update payloads set position = 99 where position = 2; update payloads set position = 2 where position = 3;
    update payloads set position = 3 where position = 99`,
  'two projects whose numbers were swapped everywhere': `update projects set name = 'x' where id = 1;
    update projects set name = (select name from projects where id = 2) || '' where id = 1 and false;
    create temp table names as select id, name from projects;
    update projects set name = '${alice}' where id = 2; update projects set name = '${bob}' where id = 1;
    update events set project = 3 - project where project is not null`,
  'a cloud without events': "insert into service_providers (name) values ('mallory')",
  'an event type without events': "insert into event_types (name) values ('x')",
  'a project without events': "insert into projects (name) values ('x')",
  'an origin without events': "insert into origins values (9, 0, 'x', 'x', 'none')",
  'a second dictionary': "insert into dictionaries values (2, x'00')",
  'a second copy of the dictionary': 'insert into dictionaries select 2, bytes from dictionaries',
  'a base without an archive':
    "insert into base values (0, zeroblob(32), 'events-000000001-000000000.db')",
  'an event whose resource has an id but no type': `update events set resource_id = x'00' where
    position = 1`,
  'a trigger that drops events': `create trigger quiet before insert on events when new.kind = 4
    begin select raise(ignore); end`,
  'an additional trigger that does nothing': `create trigger events_no_update2 before
    update on events begin select 1; end`,
  'a dropped unique index': 'drop index events_by_message',
  'an unknown table': 'create table notes (x)',
  'an unknown index': 'create index mine on events (kind)',
  'an unknown view': 'create view mine as select * from events',
  'statistics of the query planner': 'analyze',
}

for (const [what, sql] of Object.entries(edits)) {
  test(`verify names ${what}`, t => {
    t.not(problemsAfter(recorded(folder(t)), db => db.exec(sql)).length, 0)
  })
}

test('verify names a trigger or an index whose text was changed', t => {
  const items = [
    "update sqlite_schema set sql = replace(sql, 'append-only', 'open') where name = 'payloads_no_delete'",
    "update sqlite_schema set sql = replace(sql, 'UNIQUE INDEX', 'INDEX') where name = 'events_by_message'",
    "update sqlite_schema set sql = replace(sql, 'strict', '') where name = 'payloads'",
  ]
  for (const edit of items) {
    const file = recorded(folder(t))
    const db = new Database(file)
    db.unsafeMode(true)
    db.pragma('writable_schema = ON')
    db.exec(edit)
    db.close()
    t.regex(problemsIn([file]).join('\n'), /was changed: the file could be edited unnoticed/, edit)
  }
})

for (const bytes of [1, 4096, 10_000]) {
  test(`verify names ${bytes} bytes after the last page`, t => {
    const file = recorded(folder(t))
    appendFileSync(file, Buffer.alloc(bytes, 'hidden'))
    const problem = `${bytes} bytes after the last page do not belong in a log`
    t.deepEqual(problemsIn([file]), [problem])
  })
}

test('verify names bytes after the last page of a log that is open for appending', t => {
  const file = recorded(folder(t))
  using log = openLog(file)
  log.append([event()], at(3))
  t.deepEqual(problemsIn([file]), [])
  appendFileSync(file, Buffer.alloc(1_000_000, 'hidden'))
  t.regex(problemsIn([file]).join(), /^\d{6,7} bytes after the last page do not belong in a log$/)
})

test('verify finds no problem in a log with pages in its write-ahead log', t => {
  const file = recorded(folder(t))
  using log = openLog(file)
  const before = statSync(file).size
  for (let n = 0; n < 50; n += 1) {
    log.append([event({ messageId: `${n}`, body: randomBytes(3000).toString('hex') })], at(3))
  }
  t.is(statSync(file).size, before)
  t.deepEqual(problemsIn([file]), [])
})

test('a duplicate event adds no words to the log', t => {
  const file = recorded(folder(t))
  using log = openLog(file)
  const [first] = [...log.read()]
  if (!first) return t.fail()
  const again = { ...first, project: bob, eventType: 'never.heard.of' }
  t.is(log.append([{ ...again, wire: { ...first.wire, routingKey: 'new' } }], at(3)).duplicates, 1)
  t.deepEqual(verifyLog(log).breaches, [])
})

const besideEvents = [
  'service_providers',
  'event_types',
  'projects',
  'origins',
  'dictionaries',
  'base',
]

test('verify finds every edit of the other tables of a log and of its archive', async t => {
  t.timeout(600_000, 'it verifies a log some hundred times')
  const file = recorded(folder(t))
  const { archive } = archiveLog(file, position(4), () => {})
  t.deepEqual(problemsIn([archive]), [])
  t.deepEqual(problemsIn([file]), [])
  t.true((await tryEveryCell(t, file, besideEvents)) > 50)
  t.true((await tryEveryCell(t, archive, besideEvents)) > 50)
})
