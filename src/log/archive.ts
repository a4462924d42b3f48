import { existsSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type Database from 'better-sqlite3'
import { MixmatchError } from '../errors.js'
import { type Position, position } from '../ids.js'
import { openWritable } from '../sqlite.js'
import type { LogReader } from './event-log.js'
import { putInPlace } from './finished-file.js'
import { rejectFleetLog } from './fleet-log.js'
import { holdLog } from './holder.js'
import { openLogReader } from './open-log.js'
import { createFilled } from './schema.js'
import { verifyLog } from './verify.js'
import { wordTables } from './words.js'

/** The result of archiving. */
interface Archived {
  /** The file with the older events, in the same folder as the log. */
  readonly archive: string
  readonly events: number
}

/**
 * Move the older events of a log into an archive file in the same folder. The live file continues
 * the positions and the chain: it stores the position and the hash of the last archived event.
 * Together the files are one history (`openHistory`). Recording and routing need only the live file.
 *
 * The recorder may run while the archive is written and verified. Then this holds the log and
 * replaces the live file by one without the archived events. If it is interrupted, the log is
 * unchanged. The next run uses the archive that the interrupted one wrote.
 *
 * @param upTo the last event to archive
 * @param onStep called with a description of each step before it starts
 * @throws LOG_HELD if the recorder runs. The archive stays: stop the recorder and run this again
 * @throws LOG_BROKEN if the archived events do not verify
 */
export function archiveLog(file: string, upTo: Position, onStep: (step: string) => void): Archived {
  rejectArchiveInFleet(file)
  const { archive, base } = prepareArchive(file, upTo, onStep)
  using _held = holdLog(file, 'log archive')
  rejectOtherBase(file, base)
  onStep('putting the live file in place')
  const temporary = `${file}.building`
  remove(temporary)
  try {
    copyEvents(file, temporary, { after: upTo, upTo: END }, basename(archive))
    emptyWriteAheadLog(file)
    putInPlace(temporary, file)
    // They are empty now, but SQLite must not use them with the new file.
    for (const suffix of ['-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true })
  } finally {
    remove(temporary)
  }
  return { archive, events: upTo - base }
}

/**
 * Nodes of a fleet recognise a message that is in the stream twice by their whole log. A node without the older
 * events would record it again, and its log would differ from all others.
 */
function rejectArchiveInFleet(file: string): void {
  using log = openLogReader(file)
  rejectFleetLog(log, 'All nodes keep all events. Make a backup instead (mixmatch log backup).')
}

/** Another process may have archived other events meanwhile. */
function rejectOtherBase(file: string, base: Position): void {
  using log = openLogReader(file)
  if (log.base().position === base) return
  throw new MixmatchError('LOG_HELD', `${file} was archived by another process. Run this again.`)
}

const END = position(Number.MAX_SAFE_INTEGER)

/** Write the archive, or use the one that an earlier run wrote. */
function prepareArchive(file: string, upTo: Position, onStep: (step: string) => void) {
  using log = openLogReader(file)
  const base = log.base().position
  if (upTo <= base || upTo > log.head().position) {
    throw new MixmatchError(
      'USAGE',
      `${file}: nothing to archive up to event ${upTo}: it holds ${base + 1} to ${log.head().position}.`,
    )
  }
  const archive = join(dirname(file), archiveName(file, base + 1, upTo))
  if (existsSync(archive)) {
    rejectDifferentCopy(archive, log, upTo)
    return { archive, base }
  }
  onStep(`writing ${archive}`)
  const temporary = `${archive}.building`
  remove(temporary)
  try {
    copyEvents(file, temporary, { after: base, upTo }, log.base().archive)
    onStep('checking it')
    rejectDifferentCopy(temporary, log, upTo)
    putInPlace(temporary, archive)
  } finally {
    remove(temporary)
  }
  return { archive, base }
}

/** `events.db` → `events-000000001-000004182.db`. The order of names is the order of positions. */
function archiveName(file: string, first: number, last: number): string {
  const pad = (at: number) => String(at).padStart(9, '0')
  return `${basename(file, '.db')}-${pad(first)}-${pad(last)}.db`
}

function rejectDifferentCopy(archive: string, log: LogReader, upTo: Position): void {
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

/** Copy a range of the log to a new file. Each word keeps its number. */
function copyEvents(
  from: string,
  to: string,
  { after, upTo }: { readonly after: Position; readonly upTo: Position },
  archive: string | undefined,
): void {
  const db = openWritable(to)
  try {
    db.pragma('journal_mode = OFF') // an unfinished file is deleted, never repaired
    db.pragma('synchronous = OFF')
    db.prepare('attach ? as source').run(from)
    createFilled(db, () => {
      db.exec('insert into main.dictionaries select * from source.dictionaries')
      copyWords(db, upTo)
      db.prepare(`
        insert into base select position, hash, :archive from (
          select position, hash from source.payloads where position = :after
          union all select position, hash from source.base where position = :after) limit 1`).run({
        archive,
        after,
      })
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

/** Copy the words that the log had at a position. Later words have greater numbers. */
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
 * Write the write-ahead log into the file and empty it. Otherwise SQLite would apply it to the new
 * live file.
 */
function emptyWriteAheadLog(file: string): void {
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
