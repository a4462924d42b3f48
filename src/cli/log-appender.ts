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
 * @throws LOG_HELD if another process holds the log and accepts no events; errors of `openRecorder`
 */
export async function openLogAppender(
  files: { logFile: string; viewsFile: string; command: string },
  logger: Logger,
): Promise<LogAppender> {
  const onViewsLost = (error: unknown) => {
    throw error
  }
  try {
    const recorder = await openRecorder(files, onViewsLost, logger)
    return { append: recorder.record, [Symbol.asyncDispose]: () => recorder[Symbol.asyncDispose]() }
  } catch (held) {
    if (!(held instanceof MixmatchError && held.code === 'LOG_HELD')) throw held
    const appender = await openAppender(recorderSocketPath(files.logFile)).catch(() => {
      throw held
    })
    const close = async () => appender[Symbol.dispose]()
    return { append: appender.append, [Symbol.asyncDispose]: close }
  }
}
