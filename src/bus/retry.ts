import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { type BackoffOptions, createBackoff } from '../backoff.js'
import { messageOf, type StatusKeeper } from './bus-status.js'

/** So long may a bus that came back wait for us. */
const DEFAULT_BACKOFF: BackoffOptions = { firstMs: 1000, capMs: 30_000 }

/**
 * Run something that should go on for ever, again and again until the signal stops it, with longer
 * and longer pauses while it keeps failing. Never rejects.
 *
 * @param run resolves only when it was stopped; it calls `itWorks` once it did what it is there for,
 *   so that the pause after its next failure is a short one
 */
export async function retryForever(
  run: (itWorks: () => void) => Promise<void>,
  parts: {
    backoff?: BackoffOptions | undefined
    status: StatusKeeper
    logger: Logger
    signal: AbortSignal
  },
): Promise<void> {
  const { status, logger, signal } = parts
  const backoff = createBackoff(parts.backoff ?? DEFAULT_BACKOFF)
  let said = ''
  const itWorks = () => {
    backoff.reset()
    said = ''
  }
  while (!signal.aborted) {
    try {
      await run(itWorks)
    } catch (error) {
      if (signal.aborted) break
      status.failed(error)
      const message = messageOf(error)
      const pauseMs = backoff.nextMs()
      const failures = backoff.failures()
      // a bus that stays down says so once, and again when it is down for another reason
      logger[message === said ? 'debug' : 'warn']({ failures, pauseMs, error: message }, 'bus lost')
      said = message
      await sleep(pauseMs, undefined, { signal }).catch(() => {})
    }
  }
  status.stopped()
}
