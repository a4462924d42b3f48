import Database from 'better-sqlite3'
import type { Projection } from './projection.js'
import { projections, versions } from './projections.js'

/** Open a file that is thrown away unless it is finished. */
export function openUnfinished(file: string): Database.Database {
  const db = new Database(file)
  db.pragma('page_size = 8192')
  db.pragma('journal_mode = OFF')
  db.pragma('synchronous = OFF')
  return db
}

/** Create the empty tables of views, and what tells how far the log was applied to them. */
export function createTables(
  db: Database.Database,
  schema: 'main' | 'temp',
  views: readonly Projection[] = projections,
): void {
  db.exec(`create table ${schema}.state (
    versions text not null, position integer not null, hash blob) strict`)
  db.prepare('insert into state values (?, 0, null)').run(versions)
  for (const { tables, indexes = {} } of views) {
    for (const [name, columns] of Object.entries(tables)) {
      db.exec(`create table ${schema}.${name} ${columns}`)
    }
    for (const [name, on] of Object.entries(indexes)) {
      db.exec(`create index ${schema}.${name} on ${on}`)
    }
  }
}
