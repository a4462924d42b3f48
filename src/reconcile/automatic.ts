import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Event } from '../event/event.js'
import type { SpName } from '../ids.js'
import { differencesIn, type Outcome } from './drift.js'
import { isGap } from './due.js'

/** Reconciles when it is time, while something else goes on. */
export interface Automatic {
  /** Tell of an event: a gap makes its cloud due. */
  noticed(event: Event): void
  /** Resolves when the signal has stopped it. Never rejects. */
  readonly stopped: Promise<void>
}

export interface AutomaticOptions {
  /** Those that are due at the beginning. */
  readonly clouds: readonly SpName[]
  /** Whether a gap makes a cloud due. */
  readonly afterGaps: boolean
  readonly reconcile: (at: SpName, signal: AbortSignal) => Promise<Outcome>
  readonly delays: Delays
  readonly signal: AbortSignal
  readonly logger: Logger
}

/** Milliseconds. */
export interface Delays {
  /** From what makes a cloud due to the run: what its queue has kept is heard first. */
  readonly settleMs: number
  /** From a run that was incomplete to the next. */
  readonly retryMs: number
}

export const usualDelays: Delays = { settleMs: 60_000, retryMs: 15 * 60_000 }

/** Reconcile clouds as they become due, one after another, each as often as it takes to be complete. */
export function reconcileWhenDue(options: AutomaticOptions): Automatic {
  const { afterGaps, delays, signal, logger } = options
  const due = new Map<SpName, number>()
  let wake = () => {}
  function plan(cloud: SpName, delayMs: number): void {
    due.set(cloud, performance.now() + delayMs)
    wake()
  }

  async function runWhenDue(): Promise<void> {
    while (!signal.aborted) {
      const [next] = [...due].sort(([, one], [, other]) => one - other)
      const waitMs = next ? next[1] - performance.now() : FOREVER_MS
      if (next && waitMs <= 0) await run(next[0])
      else await pause(waitMs)
    }
  }

  async function pause(ms: number): Promise<void> {
    const woken = new AbortController()
    wake = () => woken.abort()
    const either = AbortSignal.any([signal, woken.signal])
    await sleep(ms, undefined, { signal: either }).catch(() => {})
  }

  async function run(cloud: SpName): Promise<void> {
    due.delete(cloud)
    const about = logger.child({ service_provider: cloud })
    about.info('reconciling')
    try {
      const outcome = await options.reconcile(cloud, signal)
      tell(about, outcome)
      if (outcome.failed.length > 0) plan(cloud, delays.retryMs)
    } catch (error) {
      if (signal.aborted) return
      about.error({ err: error }, 'reconciling broke off; it is tried again later')
      plan(cloud, delays.retryMs)
    }
  }

  for (const cloud of options.clouds) plan(cloud, delays.settleMs)
  return {
    noticed(event) {
      if (afterGaps && isGap(event)) plan(event.serviceProvider, delays.settleMs)
    },
    stopped: runWhenDue(),
  }
}

/** The longest that a timer waits for. */
const FOREVER_MS = 2 ** 31 - 1

function tell(logger: Logger, outcome: Outcome): void {
  const { as, collections, failed } = outcome
  const found = { as, collections, differences: differencesIn(outcome) }
  if (failed.length === 0) logger.info(found, 'reconciled')
  else logger.warn({ ...found, failed }, 'not everything could be reconciled; it is tried again')
}
