import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { type Backoff, waitMs } from './backoff.js'
import { messageOf, type StatusKeeper } from './bus-status.js'

/**
 * Run something that should go on for ever, again and again until the signal stops it, with longer
 * and longer pauses while it keeps failing. Never rejects.
 *
 * @param run resolves only when it was stopped; it calls `itWorks` once it did what it is there for,
 *   so that the pause after its next failure is a short one
 */
export async function retryForever(
  run: (itWorks: () => void) => Promise<void>,
  parts: { backoff: Backoff; status: StatusKeeper; logger: Logger; signal: AbortSignal },
): Promise<void> {
  const { backoff, status, logger, signal } = parts
  let failures = 0
  let said = ''
  const itWorks = () => {
    failures = 0
    said = ''
  }
  while (!signal.aborted) {
    try {
      await run(itWorks)
    } catch (error) {
      if (signal.aborted) break
      failures += 1
      status.failed(error)
      const message = messageOf(error)
      const pauseMs = Math.round(waitMs(backoff, failures, Math.random()))
      // a bus that stays down says so once, and again when it is down for another reason
      logger[message === said ? 'debug' : 'warn']({ failures, pauseMs, error: message }, 'bus lost')
      said = message
      await sleep(pauseMs, undefined, { signal }).catch(() => {})
    }
  }
  status.stopped()
}
