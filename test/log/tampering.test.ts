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

/** SQL that edits a log, and the first problem that verify then names. */
const edits: Record<string, readonly [sql: string, problem: RegExp]> = {
  'a deleted last event whose payload stays': [
    'delete from events where position = 9',
    /^row 9 of payloads stands there alone$/,
  ],
  'a deleted last payload whose event stays': [
    'delete from payloads where position = 9',
    /^row 9 of events stands there alone$/,
  ],
  'unused words after the last events and payloads were deleted': [
    'delete from payloads where position > 6; delete from events where position > 6',
    /^row 5 of event_types is of no event$/,
  ],
  'an event before the first': [
    `insert into events (position, service_provider, origin, event_type, kind, recorded_at, message_id)
      values (0, 1, 1, 1, 0, 0, 'x')`,
    /^row 0 of events stands there alone$/,
  ],
  'a payload before the first': [
    `insert into payloads values (-5, x'00', 1, x'03')`,
    /^row -5 of payloads stands there alone$/,
  ],
  'two events that were swapped with their payloads': [
    `update events set position = 99 where position = 2;
    update events set position = 2 where position = 3; update events set position = 3 where position = 99;
    update payloads set position = 99 where position = 2; update payloads set position = 2 where position = 3;
    update payloads set position = 3 where position = 99`,
    /^its hash is /,
  ],
  'two projects whose numbers were swapped everywhere': [
    `update projects set name = 'x' where id = 1;
    update projects set name = '${alice}' where id = 2; update projects set name = '${bob}' where id = 1;
    update events set project = 3 - project where project is not null`,
    /^it names row 2 of projects, where 1 would be the next: its row was changed$/,
  ],
  'a cloud without events': [
    "insert into service_providers (name) values ('mallory')",
    /^row 3 of service_providers is of no event$/,
  ],
  'an event type without events': [
    "insert into event_types (name) values ('x')",
    /^row 7 of event_types is of no event$/,
  ],
  'a project without events': [
    "insert into projects (name) values ('x')",
    /^row 3 of projects is of no event$/,
  ],
  'a project before the first': [
    "insert into projects (id, name) values (0, 'x')",
    /^row 0 of projects is of no event$/,
  ],
  'a project in upper case': [
    'update projects set name = upper(name) where id = 1',
    /^row 1 of projects is not stored as this project is$/,
  ],
  'a project that is no UTF-8': [
    "insert into projects (name) values (cast(x'ff' as text))",
    /^row 3 of projects is not UTF-8$/,
  ],
  'an origin without events': [
    "insert into origins values (9, 0, 'x', 'x', 'none')",
    /^row 9 of origins is of no event$/,
  ],
  'an exchange that is no UTF-8': [
    "insert into origins values (9, 0, cast(x'ff' as text), '', 'none')",
    /^row 9 of origins is not UTF-8$/,
  ],
  'a routing key that is no UTF-8': [
    "insert into origins values (9, 0, '', cast(x'ff' as text), 'none')",
    /^row 9 of origins is not UTF-8$/,
  ],
  'an origin of an unknown source': [
    "insert into origins values (9, 9, '', '', 'none')",
    /^row 9 of origins is no origin of events$/,
  ],
  'an origin with an unknown envelope': [
    "insert into origins values (9, 0, '', '', '3.0')",
    /^row 9 of origins is no origin of events$/,
  ],
  'a second dictionary': [
    "insert into dictionaries values (2, x'00')",
    /^dictionary 2 is none that logs are made with$/,
  ],
  'a second copy of the dictionary': [
    'insert into dictionaries select 2, bytes from dictionaries',
    /^dictionary 2 does not belong in this log$/,
  ],
  'a dictionary with another number': [
    'update dictionaries set id = 2; update payloads set dictionary = 2',
    /^the dictionary has not the number 1$/,
  ],
  'a base without an archive': [
    "insert into base values (0, zeroblob(32), 'events-000000001-000000000.db')",
    /^its archive events-000000001-000000000\.db is none that ends with event 0$/,
  ],
  'a base whose archive ends with another event': [
    "insert into base values (2, zeroblob(32), 'events-000000001-000000003.db')",
    /^its archive events-000000001-000000003\.db is none that ends with event 2$/,
  ],
  'a base with half a hash': [
    "insert into base values (2, zeroblob(16), 'events-000000001-000000002.db')",
    /^its archive events-000000001-000000002\.db is none that ends with event 2$/,
  ],
  'two bases': [
    `insert into base values (1, zeroblob(32), 'events-000000001-000000001.db'),
      (2, zeroblob(32), 'events-000000001-000000002.db')`,
    /^it begins after more than one archive$/,
  ],
  'an event whose resource has an id but no type': [
    "update events set resource_id = x'00' where position = 1",
    /^its resource_id is not stored as this id is: its row was changed$/,
  ],
  'a trigger that drops events': [
    `create trigger quiet before insert on events when new.kind = 4 begin select raise(ignore); end`,
    /^the trigger quiet does not belong in a log$/,
  ],
  'an additional trigger that does nothing': [
    'create trigger events_no_update2 before update on events begin select 1; end',
    /^the trigger events_no_update2 does not belong in a log$/,
  ],
  'a dropped unique index': [
    'drop index events_by_message',
    /^the index events_by_message is missing: the file could be edited unnoticed$/,
  ],
  'an unknown table': ['create table notes (x)', /^the table notes does not belong in a log$/],
  'an unknown index': [
    'create index mine on events (kind)',
    /^the index mine does not belong in a log$/,
  ],
  'an unknown view': [
    'create view mine as select * from events',
    /^the view mine does not belong in a log$/,
  ],
  'statistics of the query planner': [
    'analyze',
    /^the table sqlite_stat1 does not belong in a log$/,
  ],
}

for (const [what, [sql, problem]] of Object.entries(edits)) {
  test(`verify names ${what}`, t => {
    const [first = ''] = problemsAfter(recorded(folder(t)), db => db.exec(sql))
    t.regex(first, problem)
  })
}

test('verify names a word of archived events that was changed in the live file', t => {
  const file = recorded(folder(t))
  archiveLog(file, position(4), () => {})
  const edit = (db: Database.Database) =>
    db.exec("update event_types set name = 'volume.detach.end' where name = 'volume.attach.end'")
  t.deepEqual(problemsIn([file]), [])
  t.true(
    problemsAfter(file, edit).includes('row 1 of event_types is another one in the file before it'),
  )
})

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
