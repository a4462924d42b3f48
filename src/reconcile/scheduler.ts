import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Event } from '../event/event.js'
import type { SpName } from '../ids.js'
import { isGap } from './due.js'
import { countDifferences, type ReconcileOutcome } from './reconcile-events.js'

/** Reconciles clouds in the background. */
export interface ReconcileScheduler {
  /** Check a new event: after a gap in the notifications its cloud must be reconciled. */
  notice(event: Event): void
  /** Resolves when the signal has stopped it. Never rejects. */
  readonly stopped: Promise<void>
}

export interface ReconcileSchedulerOptions {
  /** The clouds that must be reconciled at the start. */
  readonly clouds: readonly SpName[]
  /** Whether a cloud is reconciled after a gap. */
  readonly afterGaps: boolean
  readonly reconcile: (at: SpName, signal: AbortSignal) => Promise<ReconcileOutcome>
  readonly delays: Delays
  readonly signal: AbortSignal
  readonly logger: Logger
}

/** Milliseconds. */
export interface Delays {
  /** The wait before a run: the notifications in the queue of the cloud are recorded first. */
  readonly settleMs: number
  /** The wait after an incomplete run, before the next one. */
  readonly retryMs: number
}

export const defaultDelays: Delays = { settleMs: 60_000, retryMs: 15 * 60_000 }

/** Reconcile the clouds that need it, one after another. An incomplete run is repeated. */
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

/** The longest time for a timer of Node. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

function logOutcome(logger: Logger, outcome: ReconcileOutcome): void {
  const { as, collections, failed } = outcome
  const found = { as, collections, differences: countDifferences(outcome) }
  if (failed.length === 0) logger.info(found, 'reconciled')
  else logger.warn({ ...found, failed }, 'reconcile was incomplete, retrying later')
}
