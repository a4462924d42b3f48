import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import { MixmatchError } from '../errors.js'
import { query } from '../sqlite.js'
import { versions } from './projections.js'
import { earlierViewsFileOf, setViewsAside, viewsFileOf } from './views-file.js'

/** The state table of views: the versions that built them, and the log that they were built from. */
interface ViewsState {
  readonly versions: string
  /** The last applied event and its hash; 0 and null if none was applied. */
  readonly position: number
  readonly hash: Buffer | null
  /** The hash of the log's first event. */
  readonly first_hash: Buffer | null
  /** The last event that was applied to the deferred views. */
  readonly deferred_position: number
}

/** @throws SqliteError if they have no state table */
export function readState(views: Database.Database): ViewsState | undefined {
  return views.prepare<[], ViewsState>('select * from state').get()
}

/**
 * Why views cannot be used for a log; null if they can, even if they lag behind it.
 *
 * @param state read it before the log, because the recorder appends to the log first
 */
export function whyUnfit(state: ViewsState | undefined, logFile: string): string | null {
  if (!state) return 'they say nothing of their state'
  if (state.versions !== versions) return 'they are of another version'
  if (state.position === 0) return null
  if (!existsSync(logFile)) return `their log ${logFile} is gone`
  try {
    return query(logFile, log => whyForeign(state, log))
  } catch (error) {
    if (!(error instanceof MixmatchError || error instanceof Database.SqliteError)) throw error
    return `their log cannot be read: ${error.message}`
  }
}

function whyForeign(state: ViewsState, log: Database.Database): string | null {
  const hash = hashAt(log, state.position)
  if (hash === undefined) return `they are of another log: event ${state.position} is not in it`
  if (!hash.equals(state.hash ?? noHash)) {
    return `they are of another log: event ${state.position} has another hash there`
  }
  const first = hashAt(log, 1) ?? state.first_hash // event 1 may be in an archive
  if (first?.equals(state.first_hash ?? first) ?? true) return null // views of earlier versions did not store it
  return 'they are of another log: its first event has another hash'
}

/** Whether views of any version were built from this log. */
export function belongsTo(viewsFile: string, logFile: string): boolean {
  if (!existsSync(viewsFile)) return false
  try {
    const state = query(viewsFile, readState)
    return state !== undefined && query(logFile, log => whyForeign(state, log)) === null
  } catch (error) {
    if (error instanceof MixmatchError || error instanceof Database.SqliteError) return false
    throw error
  }
}

const noHash = Buffer.alloc(0)

function hashAt(log: Database.Database, position: number): Buffer | undefined {
  try {
    return log
      .prepare<[object], Buffer>(`
        select hash from payloads where position = :position
        union all select hash from base where position = :position limit 1`)
      .pluck()
      .get({ position })
  } catch (error) {
    if (error instanceof Database.SqliteError && error.code === 'SQLITE_ERROR') return undefined // the log has no tables yet
    throw error
  }
}

/**
 * Reject a log that was lost: its views have events, but the log has none. With a new log, requests
 * for resources of other clouds would go to the home cloud.
 *
 * @throws LOG_LOST with what to do
 */
export function rejectLostLog(logFile: string): void {
  const known = countLostEvents(logFile)
  if (known === 0) return
  const problem = existsSync(logFile) ? 'has no events' : 'is gone'
  throw new MixmatchError(
    'LOG_LOST',
    `${logFile}: ${problem}, but its views know of ${known}. Put a backup of the log in its place; ` +
      'or, if what it knew is to be forgotten, start once with --new-log.',
  )
}

/** Accept the loss of a log: rename its views. Does nothing if the log is not lost. */
export function forgetLostLog(logFile: string): void {
  if (countLostEvents(logFile) === 0) return
  for (const file of [viewsFileOf(logFile), earlierViewsFileOf(logFile)])
    setViewsAside(file, 'lost')
}

/** How many events the views have of a log that has none; 0 if the log has events. */
function countLostEvents(logFile: string): number {
  if (hasEvents(logFile)) return 0
  return Math.max(...[viewsFileOf(logFile), earlierViewsFileOf(logFile)].map(countKnownEvents))
}

function hasEvents(logFile: string): boolean {
  if (!existsSync(logFile)) return false
  return query(logFile, log => {
    const tables = log.prepare("select count(*) from sqlite_schema where name = 'payloads'")
    if (tables.pluck().get() === 0) return false
    const events = log.prepare(
      'select exists (select 1 from payloads) or exists (select 1 from base)',
    )
    return events.pluck().get() === 1
  })
}

/** The number of events in views of any version. */
function countKnownEvents(viewsFile: string): number {
  if (!existsSync(viewsFile)) return 0
  try {
    return query(
      viewsFile,
      views => views.prepare<[], number>('select position from state').pluck().get() ?? 0,
    )
  } catch (error) {
    if (error instanceof Database.SqliteError || error instanceof MixmatchError) return 0 // damaged views count as empty
    throw error
  }
}
