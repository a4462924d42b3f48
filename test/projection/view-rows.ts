import Database from 'better-sqlite3'
import { projections } from '../../src/projection/projections.js'

/** All rows of all views, as `views check` compares them. */
export function viewRows(file: string): unknown[] {
  const db = new Database(file, { readonly: true })
  try {
    return projections.flatMap(({ name, rows }) =>
      db
        .prepare<[], string>(rows)
        .pluck()
        .all()
        .map(row => [name, row]),
    )
  } finally {
    db.close()
  }
}
