import type { Logger } from 'pino'
import { MixmatchError } from '../errors.js'
import type { Event } from '../event/event.js'
import { openAppender } from '../observation/appender.js'
import { recorderSocketPath } from '../observation/recorder-socket.js'
import { openRecorder } from '../process/recorder.js'

/** Appends events to the log and the views. */
interface LogAppender extends AsyncDisposable {
  /** When it returns or resolves, the events are on the disk. */
  readonly append: (events: readonly Event[]) => void | Promise<void>
}

/**
 * Append through a running recorder. Without one, hold the log and update the views in this process.
 *
 * @param isFleet whether the log is that of a node in a fleet. Then only the running node may append, through the stream
 * @throws RECORDER_GONE if it is, and the node does not run
 * @throws LOG_HELD if another process holds the log and accepts no events; errors of `openRecorder`
 */
export async function openLogAppender(
  files: { logFile: string; viewsFile: string; command: string },
  logger: Logger,
  isFleet: boolean,
): Promise<LogAppender> {
  if (isFleet) return await appendThroughRecorder(files.logFile)
  const onViewsLost = (error: unknown) => {
    throw error
  }
  try {
    const recorder = await openRecorder(files, onViewsLost, logger)
    return { append: recorder.record, [Symbol.asyncDispose]: () => recorder[Symbol.asyncDispose]() }
  } catch (held) {
    if (!(held instanceof MixmatchError && held.code === 'LOG_HELD')) throw held
    return await appendThroughRecorder(files.logFile).catch(() => {
      throw held
    })
  }
}

async function appendThroughRecorder(logFile: string): Promise<LogAppender> {
  const appender = await openAppender(recorderSocketPath(logFile))
  const close = async () => appender[Symbol.dispose]()
  return { append: appender.append, [Symbol.asyncDispose]: close }
}
