import type Database from 'better-sqlite3'
import { openWritable } from '../sqlite.js'
import type { Projection } from './projection.js'
import { projections, versions } from './projections.js'

/** Open a file for a build without crash safety: an unfinished file is deleted. */
export function openUnfinished(file: string): Database.Database {
  const db = openWritable(file)
  db.pragma('page_size = 8192')
  db.pragma('journal_mode = OFF')
  db.pragma('synchronous = OFF')
  return db
}

/** "MixV" in ASCII. `PRAGMA application_id` tells views from other SQLite files. */
export const VIEWS_APPLICATION_ID = 0x4d697856

/** Create the empty tables of views and their state table. */
export function createTables(
  db: Database.Database,
  schema: 'main' | 'temp',
  views: readonly Projection[] = projections,
): void {
  if (schema === 'main') db.pragma(`application_id = ${VIEWS_APPLICATION_ID}`)
  db.exec(`create table ${schema}.state (
    versions text not null, position integer not null, hash blob, first_hash blob,
    deferred_position integer not null) strict`)
  db.prepare('insert into state values (?, 0, null, null, 0)').run(versions)
  for (const { tables, indexes = {} } of views) {
    for (const [name, columns] of Object.entries(tables)) {
      db.exec(`create table ${schema}.${name} ${columns}`)
    }
    for (const [name, on] of Object.entries(indexes)) {
      db.exec(`create index ${schema}.${name} on ${on}`)
    }
  }
}
