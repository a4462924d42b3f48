import Database from 'better-sqlite3'
import { MixmatchError } from '../errors.js'
import { dictionary } from './dictionary.js'

/** "Mixm" in ASCII. `PRAGMA application_id` tells an event log from other SQLite files. */
const APPLICATION_ID = 0x4d69786d

/**
 * Entry n migrates a log from schema version n to n + 1. Never edit an entry: logs of every earlier
 * version exist. All other code sees only the newest schema.
 */
const migrations: readonly ((db: Database.Database) => void)[] = [createVersion1]

export const SCHEMA_VERSION = migrations.length

/** The triggers that make the log append-only. */
export const guards = [
  ...[
    'service_providers',
    'event_types',
    'origins',
    'projects',
    'dictionaries',
    'base',
    'events',
    'payloads',
  ].flatMap(table => [createGuard(table, 'update'), createGuard(table, 'delete')]),
  {
    name: 'events_without_gaps',
    sql: `create trigger events_without_gaps before insert on events
      when new.position is not
        (select coalesce(max(position), (select position from base), 0) + 1 from events)
      begin select raise(abort, 'the event log has no gaps: positions follow one another'); end`,
  },
  {
    name: 'base_before_all',
    sql: `create trigger base_before_all before insert on base
      when exists (select 1 from base) or exists (select 1 from events)
      begin select raise(abort, 'the event log is append-only'); end`,
  },
  {
    // This trigger ignores duplicates, not ON CONFLICT. With that, INSERT OR REPLACE could remove
    // the older row: a replacement does not fire the delete trigger.
    name: 'events_once',
    sql: `create trigger events_once before insert on events
      when exists (select 1 from events
        where message_id = new.message_id and service_provider = new.service_provider)
      begin select raise(ignore); end`,
  },
] as const

function createGuard(table: string, verb: 'update' | 'delete') {
  const name = `${table}_no_${verb}`
  return {
    name,
    sql: `create trigger ${name} before ${verb} on ${table}
      begin select raise(abort, 'the event log is append-only'); end`,
  }
}

/** Migrate a log that is open for writing to this version. An empty file becomes a log. */
export function migrate(db: Database.Database, file: string): void {
  const version = checkVersion(db, file)
  if (version === SCHEMA_VERSION) return
  if (version === 0) db.pragma(`page_size = ${PAGE_SIZE}`)
  db.transaction(() => {
    for (const step of migrations.slice(version)) step(db)
    if (version === 0) addDictionary(db)
    sign(db)
  }).exclusive()
}

/**
 * Make an empty file a log of this version with rows of another log. `fill` copies them, including
 * the dictionary. The guards are created after it.
 */
export function createFilled(db: Database.Database, fill: () => void): void {
  db.pragma(`page_size = ${PAGE_SIZE}`)
  db.transaction(() => {
    for (const step of migrations) step(db)
    for (const { name } of guards) db.exec(`drop trigger ${name}`)
    fill()
    for (const { sql } of guards) db.exec(sql)
    sign(db)
  }).exclusive()
}

/** Appending takes 11 µs an event, with the default of 4096 it takes 17. Set it before the first table. */
const PAGE_SIZE = 16384

function sign(db: Database.Database): void {
  db.pragma(`application_id = ${APPLICATION_ID}`)
  db.pragma(`user_version = ${SCHEMA_VERSION}`)
}

function addDictionary(db: Database.Database): void {
  db.prepare('insert into dictionaries (id, bytes) values (1, ?)').run(dictionary)
}

/**
 * The schema version of a file, 0 for an empty file.
 *
 * @throws LOG_NOT_A_LOG, LOG_FROM_THE_FUTURE
 */
export function checkVersion(db: Database.Database, file: string): number {
  const applicationId = Number(db.pragma('application_id', { simple: true }))
  const version = Number(db.pragma('user_version', { simple: true }))
  const tables = Number(db.prepare('select count(*) from sqlite_schema').pluck().get())
  if (applicationId !== APPLICATION_ID && (tables > 0 || version > 0)) {
    throw new MixmatchError(
      'LOG_NOT_A_LOG',
      `${file}: expected an event log, found another SQLite database. Name the right file.`,
    )
  }
  if (version > SCHEMA_VERSION) {
    throw new MixmatchError(
      'LOG_FROM_THE_FUTURE',
      `${file}: written by a newer Mixmatch (schema ${version}, this one reads up to ` +
        `${SCHEMA_VERSION}). Use that version or a later one: nothing was touched.`,
    )
  }
  return version
}

/**
 * Reject a log of this version in which a table or a column is missing: no statement for it can be prepared.
 * All other changes are found by `log verify`.
 *
 * @throws LOG_BROKEN
 */
export function requireColumns(db: Database.Database, file: string): void {
  const found = new Set(readColumns(db))
  const missing = withNewSchema(readColumns).find(column => !found.has(column))
  if (missing === undefined) return
  const message = `${file}: its schema was changed (${missing} is missing). Take another copy of it.`
  throw new MixmatchError('LOG_BROKEN', message)
}

/** `events.position`, for each column of each table. */
function readColumns(db: Database.Database): string[] {
  const columns = db.prepare<[], string>(`
    select "table".name || '.' || "column".name
    from main.sqlite_schema as "table", pragma_table_xinfo("table".name) as "column"
    where "table".type = 'table'`)
  return columns.pluck().all()
}

/** A table, an index or a trigger: a row of `sqlite_schema`. */
interface SchemaItem {
  readonly type: string
  readonly name: string
  readonly tbl_name: string
  readonly sql: string | null
}

/** The complete schema of a log of this version, ordered by name. */
export function expectedSchema(): SchemaItem[] {
  return withNewSchema(readSchema)
}

/** Read from an empty log in memory. */
function withNewSchema<Result>(read: (db: Database.Database) => Result): Result {
  const db = new Database(':memory:')
  try {
    for (const step of migrations) step(db)
    return read(db)
  } finally {
    db.close()
  }
}

export function readSchema(db: Database.Database): SchemaItem[] {
  const items = db.prepare<[], SchemaItem>(
    'select type, name, tbl_name, sql from main.sqlite_schema order by name',
  )
  return items.all()
}

function createVersion1(db: Database.Database): void {
  db.exec(`
    create table service_providers (id integer primary key, name text not null unique) strict;
    create table event_types (id integer primary key, name text not null unique) strict;
    create table projects (id integer primary key, name text not null unique) strict;
    create table origins (
      id integer primary key,
      source integer not null,
      exchange text not null,
      routing_key text not null,
      envelope text not null,
      unique (source, exchange, routing_key, envelope)
    ) strict;
    create table dictionaries (id integer primary key, bytes blob not null) strict;
    -- Where older events were archived: what the first event here follows, and the file that ends
    -- with it. No row in a log that has its beginning.
    create table base (position integer not null, hash blob not null, archive text not null) strict;

    -- What views, replay and audit read; times in microseconds. The body stands apart, so that a
    -- scan never touches it.
    create table events (
      position integer primary key,
      service_provider integer not null references service_providers,
      origin integer not null references origins,
      event_type integer not null references event_types,
      kind integer not null,
      recorded_at integer not null,
      emitted_at integer,
      message_id any not null,
      resource_type integer,
      resource_id any,
      project integer references projects,
      parent any,
      at integer generated always as (ifnull(emitted_at, recorded_at)) virtual
    ) strict;
    create unique index events_by_message on events (message_id, service_provider);
    -- All that a view needs of a resource, in the order in which its cloud says that it happened.
    create index events_by_resource on events (
      resource_type, resource_id, service_provider, at, kind, position, project, parent
    ) where kind > 0;
    create table payloads (
      position integer primary key references events,
      hash blob not null,
      dictionary integer not null references dictionaries,
      body blob not null
    ) strict;
  `)
  for (const { sql } of guards) db.exec(sql)
}
