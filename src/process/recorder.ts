import type { Logger } from 'pino'
import { MixmatchError } from '../errors.js'
import type { Event, RecordedEvent } from '../event/event.js'
import { now } from '../event/time.js'
import type { Position, SpName } from '../ids.js'
import { historyFiles } from '../log/history.js'
import { holdLog } from '../log/holder.js'
import { type EventLog, openLog } from '../log/log.js'
import { receiveObservations } from '../observation/receiver.js'
import { recorderSocketPath } from '../observation/recorder-socket.js'
import { rejectLostLog } from '../projection/belonging.js'
import { allConflicts, type Conflict, conflictsIn } from '../projection/conflicts.js'
import { type KnownExchange, knownExchanges } from '../projection/exchanges.js'
import { openViews, type Views } from '../projection/views.js'
import { setViewsAside } from '../projection/views-file.js'
import { openDuplicateCounter } from './duplicate-counter.js'

/** What is recorded: buses → log → views. */
export interface Recorder extends AsyncDisposable {
  /** Append events and bring the views up to them. Returns when all that is on the disk. */
  record(events: readonly Event[]): void
  /** Which exchanges were seen at a cloud, and how they were declared there. */
  knownExchanges(serviceProvider: SpName): readonly KnownExchange[]
  state(): RecorderState
}

/** Told of each batch: what was to be appended, and what of it was new. */
export type OnAppended = (events: readonly Event[], recorded: readonly RecordedEvent[]) => void

/** How the log and the views are at this moment. */
export interface RecorderState {
  readonly logPosition: Position
  readonly viewPosition: Position
  /** How many ids several clouds claim. */
  readonly conflicts: number
  /** Why the last batch could not be appended; null where it was. */
  readonly appendError: string | null
}

/**
 * Open the log and its views for recording, and take observations from the proxy's workers.
 *
 * @param command what holds the log, for others that want it
 * @param onViewsLost called when the views cannot follow the log any more. The log goes on; the
 *   process should end and be started again, because opening the views mends them.
 * @throws LOG_HELD, LOG_NOT_A_LOG, LOG_FROM_THE_FUTURE, LOG_LOST, FILE_NOT_WRITABLE
 */
export async function openRecorder(
  { logFile, viewsFile, command }: { logFile: string; viewsFile: string; command: string },
  onViewsLost: (error: unknown) => void,
  logger: Logger,
  onAppended: OnAppended = () => {},
): Promise<Recorder> {
  const opened: (Disposable | AsyncDisposable)[] = []
  const close = async () => {
    for (const each of opened.splice(0).reverse()) await dispose(each)
  }
  try {
    opened.push(holdLog(logFile, command))
    rejectLostLog(logFile)
    const log = openLog(logFile)
    opened.push(log)
    const { views, rebuilt } = await openViews(viewsFile, historyFiles([logFile]))
    opened.push(views)
    if (rebuilt !== null) logger.info({ file: viewsFile, because: rebuilt }, 'views were built')
    const conflicts = watchConflicts(views, logger)
    const follow = () => {
      try {
        conflicts.look(views.catchUp())
      } catch (error) {
        onViewsLost(viewsLost(viewsFile, error))
      }
    }
    opened.push(watchViews(views, problem => onViewsLost(viewsLost(viewsFile, new Error(problem)))))
    const record = (events: readonly Event[]) => {
      if (appending.append(events) > 0) follow()
    }
    const duplicates = openDuplicateCounter(record, logger)
    opened.push(duplicates)
    const appending = createAppending(
      log,
      (events, recorded) => {
        duplicates.count(events, recorded)
        onAppended(events, recorded)
      },
      logger,
    )
    opened.push(await receiveObservations(recorderSocketPath(logFile), record, logger))
    const { position, hash } = log.head()
    logger.info({ file: logFile, position, hash }, 'the event log is open')
    return {
      record,
      knownExchanges: serviceProvider => knownExchanges(views.db, serviceProvider),
      state: () => ({
        logPosition: log.head().position,
        viewPosition: views.position(),
        conflicts: conflicts.count(),
        appendError: appending.error(),
      }),
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** How often the recorder looks whether the views are still those that it writes. */
const LOOK_MS = 1000

function watchViews(views: Views, onProblem: (problem: string) => void): Disposable {
  const timer = setInterval(() => {
    const problem = views.problem()
    if (problem === null) return
    clearInterval(timer)
    onProblem(problem)
  }, LOOK_MS).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** Damaged views are set aside: the next time they are opened, they are built anew. */
function viewsLost(file: string, cause: unknown): MixmatchError {
  const problem = cause instanceof Error ? cause.message : String(cause)
  const isDamage = cause instanceof Error && 'code' in cause && cause.code === 'SQLITE_CORRUPT'
  if (isDamage) setViewsAside(file, 'damaged')
  const message = `${file}: the views are lost (${problem}). They are built anew from the log.`
  return new MixmatchError('VIEWS_LOST', message, { cause })
}

async function dispose(opened: Disposable | AsyncDisposable): Promise<void> {
  if (Symbol.asyncDispose in opened) await opened[Symbol.asyncDispose]()
  else opened[Symbol.dispose]()
}

function createAppending(log: EventLog, onAppended: OnAppended, logger: Logger) {
  let error: string | null = null
  return {
    /** Why the last batch could not be appended. */
    error: () => error,
    append(events: readonly Event[]): number {
      try {
        const { recorded, duplicates } = log.append(events, now())
        error = null
        if (duplicates > 0) logger.debug({ duplicates }, 'messages that were recorded before')
        onAppended(events, recorded)
        return recorded.length
      } catch (cause) {
        error = cause instanceof Error ? cause.message : String(cause)
        throw cause
      }
    },
  }
}

/** Say so once when an id comes to be claimed by several clouds, and keep count. */
function watchConflicts(views: Views, logger: Logger) {
  const find = conflictsIn(views.db)
  const known = new Map(allConflicts(views.db).map(conflict => [keyOf(conflict), conflict]))
  return {
    count: () => known.size,
    look(stretch: ReturnType<Views['catchUp']>) {
      for (const conflict of find(stretch)) {
        const key = keyOf(conflict)
        if (known.get(key)?.serviceProviders.length === conflict.serviceProviders.length) continue
        known.set(key, conflict)
        logger.warn(
          { conflict },
          'an id is claimed by several clouds: requests go to the first of them',
        )
      }
    },
  }
}

function keyOf({ resource }: Conflict): string {
  return `${resource.type}/${resource.id}`
}
