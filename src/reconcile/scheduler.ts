import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Event } from '../event/event.js'
import type { SpName } from '../ids.js'
import { isGap } from './due.js'
import { countDifferences, type ReconcileOutcome } from './reconcile-events.js'

/** Reconciles clouds in the background. */
export interface ReconcileScheduler {
  /** Look at a new event: a gap in the notifications makes its cloud due. */
  notice(event: Event): void
  /** Resolves when the signal has stopped it. Never rejects. */
  readonly stopped: Promise<void>
}

export interface ReconcileSchedulerOptions {
  /** The clouds that are due at the beginning. */
  readonly clouds: readonly SpName[]
  /** Whether a gap makes a cloud due. */
  readonly afterGaps: boolean
  readonly reconcile: (at: SpName, signal: AbortSignal) => Promise<ReconcileOutcome>
  readonly delays: Delays
  readonly signal: AbortSignal
  readonly logger: Logger
}

/** Milliseconds. */
export interface Delays {
  /** Before a run, so that what the queue of the cloud has kept is recorded first. */
  readonly settleMs: number
  /** After an incomplete run, before the next. */
  readonly retryMs: number
}

export const defaultDelays: Delays = { settleMs: 60_000, retryMs: 15 * 60_000 }

/** Reconcile clouds as they become due, one after another. An incomplete run is repeated. */
export function startReconcileScheduler(options: ReconcileSchedulerOptions): ReconcileScheduler {
  const { afterGaps, delays, signal, logger } = options
  const dueAt = new Map<SpName, number>()
  let wake = () => {}
  function schedule(cloud: SpName, delayMs: number): void {
    dueAt.set(cloud, performance.now() + delayMs)
    wake()
  }

  async function runDueClouds(): Promise<void> {
    while (!signal.aborted) {
      const [next] = [...dueAt].sort(([, one], [, other]) => one - other)
      const waitMs = next ? next[1] - performance.now() : LONGEST_TIMER_MS
      if (next && waitMs <= 0) await run(next[0])
      else await pause(waitMs)
    }
  }

  async function pause(ms: number): Promise<void> {
    const wakeUp = new AbortController()
    wake = () => wakeUp.abort()
    const either = AbortSignal.any([signal, wakeUp.signal])
    await sleep(ms, undefined, { signal: either }).catch(() => {})
  }

  async function run(cloud: SpName): Promise<void> {
    dueAt.delete(cloud)
    const about = logger.child({ service_provider: cloud })
    about.info('reconciling')
    try {
      const outcome = await options.reconcile(cloud, signal)
      logOutcome(about, outcome)
      if (outcome.failed.length > 0) schedule(cloud, delays.retryMs)
    } catch (error) {
      if (signal.aborted) return
      about.error({ err: error }, 'reconcile failed, retrying later')
      schedule(cloud, delays.retryMs)
    }
  }

  for (const cloud of options.clouds) schedule(cloud, delays.settleMs)
  return {
    notice(event) {
      if (afterGaps && isGap(event)) schedule(event.serviceProvider, delays.settleMs)
    },
    stopped: runDueClouds(),
  }
}

/** The longest time that Node's timers can wait. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

function logOutcome(logger: Logger, outcome: ReconcileOutcome): void {
  const { as, collections, failed } = outcome
  const found = { as, collections, differences: countDifferences(outcome) }
  if (failed.length === 0) logger.info(found, 'reconciled')
  else logger.warn({ ...found, failed }, 'reconcile was incomplete, retrying later')
}
