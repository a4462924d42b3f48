import { existsSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type Database from 'better-sqlite3'
import { MixmatchError } from '../errors.js'
import { type Position, position } from '../ids.js'
import { openWritable } from '../sqlite.js'
import { seal } from './backup.js'
import type { LogReader } from './event-log.js'
import { holdLog } from './holder.js'
import { openLogReader } from './open-log.js'
import { createFilled } from './schema.js'
import { verifyLog } from './verify.js'
import { wordTables } from './words.js'

/** What became of an archiving. */
interface Archived {
  /** The file with the older events, beside the log. */
  readonly archive: string
  readonly events: number
}

/**
 * Move the older events of a log into a file of their own, beside it. Positions and the chain go on
 * in the live file, which begins after the last event of the archive and knows its hash. Together
 * the files are one history (`openHistory`); what is not archived is recorded and routed by the live
 * file alone.
 *
 * The archive is written and checked while the recorder may run. Only then the log is held, and a
 * live file without those events is put in its place. Interrupted anywhere, the log is what it was;
 * run again, it goes on from the archive that is there.
 *
 * @param upTo the last event to archive
 * @param onStep called with what is done next
 * @throws LOG_HELD where the recorder runs: the archive stays, so run it again once that is stopped
 * @throws LOG_BROKEN where the events to be archived do not hold
 */
export function archiveLog(file: string, upTo: Position, onStep: (step: string) => void): Archived {
  const { archive, base } = prepare(file, upTo, onStep)
  using _held = holdLog(file, 'log archive')
  onStep('putting the live file in place')
  const aside = `${file}.building`
  remove(aside)
  try {
    copyEvents(file, aside, { after: upTo, upTo: END }, basename(archive))
    rejectReaders(file)
    seal(aside)
    renameSync(aside, file)
    // Empty by now; but who opens the new file must not find the old one's.
    for (const suffix of ['-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true })
  } finally {
    remove(aside)
  }
  return { archive, events: upTo - base }
}

const END = position(Number.MAX_SAFE_INTEGER)

/** Write the archive, or find the one that an earlier run has left. */
function prepare(file: string, upTo: Position, onStep: (step: string) => void) {
  using log = openLogReader(file)
  const base = log.base().position
  if (upTo <= base || upTo > log.head().position) {
    throw new MixmatchError(
      'USAGE',
      `${file}: nothing to archive up to event ${upTo}: it holds ${base + 1} to ${log.head().position}.`,
    )
  }
  const archive = join(dirname(file), archiveName(file, base + 1, upTo))
  if (!existsSync(archive)) {
    onStep(`writing ${archive}`)
    const aside = `${archive}.building`
    remove(aside)
    try {
      copyEvents(file, aside, { after: base, upTo }, log.base().archive)
      seal(aside)
      onStep('checking it')
      rejectUnlike(aside, log, upTo)
      renameSync(aside, archive)
    } finally {
      remove(aside)
    }
  }
  rejectUnlike(archive, log, upTo)
  return { archive, base }
}

/** `events.db` → `events-000000001-000004182.db`: in the order of names they are in their order. */
function archiveName(file: string, first: number, last: number): string {
  const pad = (at: number) => String(at).padStart(9, '0')
  return `${basename(file, '.db')}-${pad(first)}-${pad(last)}.db`
}

function rejectUnlike(archive: string, log: LogReader, upTo: Position): void {
  using copy = openLogReader(archive)
  const { breaches } = verifyLog(copy)
  const [breach] = breaches
  const isWhole = copy.head().hash === log.get(upTo)?.hash && copy.base().hash === log.base().hash
  if (breach === undefined && isWhole) return
  const problem = breach?.problem ?? 'it ends with another event than the log has there'
  throw new MixmatchError(
    'LOG_BROKEN',
    `${archive}: ${problem}. The log was not touched; run "mixmatch log verify" on it.`,
  )
}

/** Copy everything of a range of the log to a new file: the words behind its numbers stay the same. */
function copyEvents(
  from: string,
  to: string,
  { after, upTo }: { readonly after: Position; readonly upTo: Position },
  archive: string | undefined,
): void {
  const db = openWritable(to)
  try {
    db.pragma('journal_mode = OFF') // a file that is not finished is thrown away
    db.pragma('synchronous = OFF')
    db.prepare('attach ? as source').run(from)
    createFilled(db, () => {
      db.exec('insert into main.dictionaries select * from source.dictionaries')
      copyWords(db, upTo)
      if (after > 0 && archive !== undefined) {
        db.prepare(`
          insert into base select position, hash, :archive from (
            select position, hash from source.payloads where position = :after
            union all select position, hash from source.base where position = :after) limit 1`).run(
          {
            archive,
            after,
          },
        )
      }
      db.prepare(`
        insert into main.events (${columns}) select ${columns} from source.events
        where position > ? and position <= ? order by position`).run(after, upTo)
      db.prepare(`
        insert into main.payloads select * from source.payloads
        where position > ? and position <= ? order by position`).run(after, upTo)
    })
  } finally {
    db.close()
  }
}

/** The words that were known at a position. Later ones have the greater numbers. */
function copyWords(db: Database.Database, upTo: Position): void {
  for (const [table, column] of Object.entries(wordTables)) {
    db.prepare(`
      insert into main.${table} select * from source.${table} where id <= (
        select max(id) from source.${table} where
          id in (select ${column} from source.events where position <= :upTo)
          or id not in (select ${column} from source.events where ${column} is not null))`).run({
      upTo,
    })
  }
}

const columns = `position, service_provider, origin, event_type, kind, recorded_at, emitted_at,
  message_id, resource_type, resource_id, project, parent`

/**
 * What the write-ahead log holds goes into the file, and it is emptied: what is left of it must not
 * be taken for that of the file that comes in its place.
 */
function rejectReaders(file: string): void {
  const db = openWritable(file)
  try {
    const busy = db.pragma('wal_checkpoint(TRUNCATE)', { simple: true })
    if (busy === 0) return
  } finally {
    db.close()
  }
  throw new MixmatchError('LOG_HELD', `${file}: somebody is reading it. Try again in a moment.`)
}

function remove(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true })
}
