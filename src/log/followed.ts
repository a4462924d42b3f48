import type { Database } from 'better-sqlite3'
import { type Position, position } from '../ids.js'

/** How far a log has followed a stream. It is stored in the same transaction as the events. */
export interface Followed {
  /** The name of the stream. */
  readonly stream: string
  /** The id of the key that its messages were verified with. */
  readonly key: string
  /** The offset of the last message that is in the log. */
  readonly offset: number
  /** SHA-256 of that message, 64 hex digits. */
  readonly digest: string
  /** The position of the log after that message. Another head shows that events were recorded outside the stream. */
  readonly position: Position
  /** The position from which the log is that of a fleet: until then another log is published into the stream. */
  readonly through: Position
}

/**
 * The table, which only logs of a fleet have. It has one row, which is replaced: it is not a part of the history,
 * and no hash depends on it. The upper case is how SQLite keeps it, for `log verify`.
 */
export const followedTable = `CREATE TABLE followed (
  id integer primary key check (id = 1),
  stream text not null,
  key text not null,
  "offset" integer not null,
  digest blob not null,
  position integer not null,
  through integer not null
) strict`

interface FollowedRow extends Pick<Followed, 'stream' | 'key' | 'offset'> {
  readonly digest: Buffer
  readonly position: number
  readonly through: number
}

/** How far the log has followed a stream; null if it never has. */
export function readFollowed(db: Database): Followed | null {
  if (!hasTable(db)) return null
  const row = db
    .prepare<[], FollowedRow>(
      'select stream, key, "offset", digest, position, through from main.followed',
    )
    .get()
  return row
    ? {
        stream: row.stream,
        key: row.key,
        offset: row.offset,
        digest: row.digest.toString('hex'),
        position: position(row.position),
        through: position(row.through),
      }
    : null
}

/** A function that stores how far the log has followed. Call it in the transaction of the events. */
export function prepareFollowed(db: Database): (followed: Followed) => void {
  return ({ stream, key, offset, digest, position, through }) => {
    if (!hasTable(db)) db.exec(followedTable)
    db.prepare(
      `insert or replace into main.followed (id, stream, key, "offset", digest, position, through)
      values (1, ?, ?, ?, ?, ?, ?)`,
    ).run(stream, key, offset, Buffer.from(digest, 'hex'), position, through)
  }
}

function hasTable(db: Database): boolean {
  const found = db.prepare("select 1 from main.sqlite_schema where name = 'followed'").get()
  return found !== undefined
}
