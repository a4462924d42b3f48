import type { Logger } from 'pino'
import type { Event, RecordedEvent } from '../event/event.js'
import { now } from '../event/time.js'
import type { FleetNode } from '../fleet/open-node.js'
import type { Position, SpName } from '../ids.js'
import type { EventLog, Payloads } from '../log/event-log.js'
import { historyFiles } from '../log/history.js'
import { holdLog } from '../log/holder.js'
import { openLog } from '../log/open-log.js'
import { receiveObservations } from '../observation/receiver.js'
import { recorderSocketPath } from '../observation/recorder-socket.js'
import { rejectLostLog } from '../projection/belonging.js'
import { openViews } from '../projection/open-views.js'
import { type KnownExchange, knownExchanges } from '../projection/views/exchanges.js'
import { createConflictWatcher } from './conflict-watcher.js'
import { openDuplicateCounter } from './duplicate-counter.js'
import { buildInBackground, lookForDamage, viewsLost, watchViews } from './views-watcher.js'

/** Appends events to the log and applies them to the views. */
export interface Recorder extends AsyncDisposable {
  /** Append events and apply them to the views. When it returns or resolves, they are on the disk. */
  record(events: readonly Event[]): void | Promise<void>
  /**
   * As `record`. In a fleet it resolves earlier: when the stream has the events.
   *
   * @param payloads what `compress` returned for these events
   */
  collect(events: readonly Event[], payloads?: Payloads): void | Promise<void>
  /** Compress the bodies of many events for `collect`; see `EventLog`. */
  readonly compress: EventLog['compress']
  /** In a fleet: resolves when the log has once reached the end of the stream. A single machine is at once. */
  readonly joined: Promise<void>
  /** Whether the log has followed the stream of a fleet. */
  readonly hasFollowed: boolean
  /** The exchanges that the recorder has seen on the buses of a cloud, and how they were declared. */
  knownExchanges(serviceProvider: SpName): readonly KnownExchange[]
  state(): RecorderState
}

/** Called after each batch with all its events, and with the new ones among them. */
export type OnAppended = (events: readonly Event[], recorded: readonly RecordedEvent[]) => void

/** The state of log and views at one moment. */
export interface RecorderState {
  readonly logPosition: Position
  readonly viewPosition: Position
  /** The number of ids that several clouds claim. */
  readonly conflicts: number
  /** Why the last batch could not be appended; null if it was appended. */
  readonly appendError: string | null
}

interface RecorderFiles {
  readonly logFile: string
  readonly viewsFile: string
  /** The command that holds the log, for the error message of other processes. */
  readonly command: string
  /** When to look for damage in the views, and to build those that no request needs, after the start. */
  readonly backgroundAfterMs?: number
}

/** When the workers have started, too. */
const BACKGROUND_AFTER_MS = 5_000

/**
 * Open the log and its views for recording, and receive the observations of the workers.
 *
 * @param onViewsLost called when the views cannot follow the log any more. Recording continues. The
 *   process should end and be started again, because opening the views repairs them.
 * @param fleet then events go to its stream, and what comes from the stream is appended
 * @throws LOG_HELD, LOG_NOT_A_LOG, LOG_FROM_THE_FUTURE, LOG_LOST, FILE_NOT_WRITABLE
 */
export async function openRecorder(
  { logFile, viewsFile, command, backgroundAfterMs = BACKGROUND_AFTER_MS }: RecorderFiles,
  onViewsLost: (error: unknown) => void,
  logger: Logger,
  onAppended: OnAppended = () => {},
  fleet: FleetNode | null = null,
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
    const { views, rebuilt } = openViews(viewsFile, historyFiles([logFile]), {
      deferred: false,
      checked: false,
    })
    opened.push(views)
    if (rebuilt !== null) logger.info({ file: viewsFile, because: rebuilt }, 'views were built')
    const conflicts = createConflictWatcher(views, logger)
    const updateViews = () => {
      try {
        conflicts.check(views.catchUp())
      } catch (error) {
        onViewsLost(viewsLost(viewsFile, error))
      }
    }
    opened.push(
      buildInBackground(views, backgroundAfterMs, error =>
        onViewsLost(viewsLost(viewsFile, error)),
      ),
    )
    opened.push(
      watchViews(views, updateViews, problem =>
        onViewsLost(viewsLost(viewsFile, new Error(problem))),
      ),
    )
    opened.push(lookForDamage(viewsFile, backgroundAfterMs, error => onViewsLost(error), logger))
    const append = (events: readonly Event[], payloads?: Payloads) => {
      if (appender.append(events, payloads) > 0) updateViews()
    }
    const duplicates = openDuplicateCounter(append, logger)
    opened.push(duplicates)
    const appender = createLogAppender(
      log,
      (events, recorded) => {
        duplicates.count(events, recorded)
        onAppended(events, recorded)
      },
      logger,
    )
    const { record, collect } = fleet ?? { record: append, collect: append }
    const hasFollowed = log.followed() !== null
    const joined = fleet?.follow(log, ({ entries, recorded }) => {
      onAppended(
        entries.map(({ event }) => event),
        recorded,
      )
      if (recorded.length > 0) updateViews()
    })
    if (fleet) opened.push(fleet) // it ends before the log is closed
    opened.push(await receiveObservations(recorderSocketPath(logFile), record, logger))
    const { position, hash } = log.head()
    logger.info({ file: logFile, position, hash }, 'the event log is open')
    return {
      record,
      collect,
      compress: log.compress,
      joined: joined ?? Promise.resolve(),
      hasFollowed,
      knownExchanges: serviceProvider => knownExchanges(views.db, serviceProvider),
      state: () => ({
        logPosition: log.head().position,
        viewPosition: views.position(),
        conflicts: conflicts.count(),
        appendError: appender.error(),
      }),
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function dispose(opened: Disposable | AsyncDisposable): Promise<void> {
  if (Symbol.asyncDispose in opened) await opened[Symbol.asyncDispose]()
  else opened[Symbol.dispose]()
}

function createLogAppender(log: EventLog, onAppended: OnAppended, logger: Logger) {
  let error: string | null = null
  return {
    /** Why the last batch could not be appended. */
    error: () => error,
    append(events: readonly Event[], payloads?: Payloads): number {
      try {
        const { recorded, duplicates } = log.append(events, now(), payloads)
        error = null
        if (duplicates > 0) logger.debug({ duplicates }, 'duplicate messages')
        onAppended(events, recorded)
        return recorded.length
      } catch (cause) {
        error = cause instanceof Error ? cause.message : String(cause)
        throw cause
      }
    },
  }
}
