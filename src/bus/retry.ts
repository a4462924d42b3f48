import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { type BackoffOptions, createBackoff } from '../backoff.js'
import { messageOf, type StatusTracker } from './bus-status.js'

const DEFAULT_BACKOFF: BackoffOptions = { firstMs: 1000, capMs: 30_000 }

/**
 * Run a function that should never end, and run it again after each failure, until the signal stops it.
 * Never rejects.
 *
 * @param run resolves only when the signal has stopped it. It calls `onHealthy` when it works: then the
 *   backoff starts from the beginning
 */
export async function retryForever(
  run: (onHealthy: () => void) => Promise<void>,
  parts: {
    backoff?: BackoffOptions | undefined
    status: StatusTracker
    logger: Logger
    signal: AbortSignal
  },
): Promise<void> {
  const { status, logger, signal } = parts
  const backoff = createBackoff(parts.backoff ?? DEFAULT_BACKOFF)
  let loggedError = ''
  const onHealthy = () => {
    backoff.reset()
    loggedError = ''
  }
  while (!signal.aborted) {
    try {
      await run(onHealthy)
    } catch (error) {
      if (signal.aborted) break
      status.failed(error)
      const message = messageOf(error)
      const waitMs = backoff.nextMs()
      // each reason is logged once: a bus may be down for days
      logger[message === loggedError ? 'debug' : 'warn'](
        { failures: backoff.failures(), retry_in_ms: waitMs, error: message },
        'bus lost, retrying',
      )
      loggedError = message
      await sleep(waitMs, undefined, { signal }).catch(() => {})
    }
  }
  status.stopped()
}
