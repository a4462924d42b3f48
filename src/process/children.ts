import type { ChildProcess } from 'node:child_process'
import type { Logger } from 'pino'

/** What a child says over its channel when it is at work. */
export const READY = 'ready'

/** Tell the process that started this one, if it listens, that it is at work. */
export function sayReady(): void {
  process.send?.(READY)
}

const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 30_000
/** A child that lived this long was well: its next death is answered at once again. */
const WELL_AFTER_MS = 60_000

/** One process that must always run: started again whenever it ends, until it is stopped. */
export interface Child {
  /**
   * Settles when the child is at work for the first time.
   *
   * @throws ChildFailed where it ended before it ever was
   */
  readonly ready: Promise<void>
  /** End it politely and wait until it is gone. */
  stop(): Promise<void>
}

/** A child that never came to work; its own words are in the log. */
export class ChildFailed extends Error {
  override readonly name = 'ChildFailed'
  readonly exitCode: number

  constructor(child: string, exitCode: number) {
    super(`${child} ended with ${exitCode} before it was at work`)
    this.exitCode = exitCode
  }
}

/**
 * Keep a child running. One that dies after it was at work is started again, with a pause that
 * grows while it keeps dying; one that never gets to work is a fault of the installation, and ours
 * to report, not to repeat.
 */
export function keepRunning(name: string, start: () => ChildProcess, logger: Logger): Child {
  let child: ChildProcess
  let stopping = false
  let pauseMs = FIRST_PAUSE_MS
  let timer: NodeJS.Timeout | undefined
  let settle: { resolve: () => void; reject: (error: Error) => void }
  const ready = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  let everReady = false

  function launch(): void {
    const begun = performance.now()
    child = start()
    child.on('message', message => {
      if (message !== READY) return
      everReady = true
      settle.resolve()
    })
    child.once('exit', (code, signal) => {
      if (stopping) return
      if (!everReady) {
        settle.reject(new ChildFailed(name, code ?? 1))
        return
      }
      pauseMs =
        performance.now() - begun > WELL_AFTER_MS
          ? FIRST_PAUSE_MS
          : Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
      logger.error(
        { child: name, code, signal, pause_ms: pauseMs },
        'a process died and is started again',
      )
      timer = setTimeout(launch, pauseMs)
    })
  }

  launch()
  return {
    ready,
    async stop() {
      stopping = true
      clearTimeout(timer)
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = new Promise(resolve => child.once('exit', resolve))
      child.kill('SIGTERM')
      await gone
    },
  }
}
