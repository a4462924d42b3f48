import type { Logger } from 'pino'
import { type MetricsSnapshot, sumCounters } from '../metrics/snapshot.js'
import type { Degraded, Missing, ProcessStatus } from './child-messages.js'
import type { Fleet } from './fleet.js'
import type { ManagedProcess } from './managed-process.js'
import type { SupervisedChild } from './supervised-child.js'

/** Asks all child processes how they are. */
export interface StatusCollector extends Disposable {
  collect(): Promise<CollectedStatus>
  /** Keep what an exited process has counted. */
  carryOver(exited: ManagedProcess): void
}

interface CollectedStatus {
  /** Of the running processes, from their last reports, and of those that exited. */
  readonly metrics: readonly MetricsSnapshot[]
  readonly missing: readonly Missing[]
  readonly degraded: readonly Degraded[]
}

interface CollectorOptions {
  readonly fleet: Pick<Fleet, 'recorder' | 'workers'>
  readonly logger: Logger
  /** How often the processes are asked, also when nobody wants to know. */
  readonly everyMs?: number
  /** How long a process may take to answer. */
  readonly answerMs?: number
  /** A process that is ready and silent for so long is killed, to be started again. */
  readonly hangMs?: number
  /** The same for one that is not ready yet: it may be building views from a long log. */
  readonly startHangMs?: number
}

/**
 * Ask the child processes how they are, now and then: so that what they have counted is known when they
 * die, and so that one that hangs is killed and started again.
 */
export function openStatusCollector(options: CollectorOptions): StatusCollector {
  const { fleet, logger } = options
  const { everyMs = 10_000, answerMs = 3_000, hangMs = 60_000, startHangMs = 600_000 } = options
  let carriedOver: Promise<MetricsSnapshot> = Promise.resolve([])

  function running(): readonly ManagedProcess[] {
    return [fleet.recorder, ...fleet.workers].flatMap(child => child?.running() ?? [])
  }

  /** Settles when the counters of every process that is not among `running` any more are in it. */
  async function carriedOverByNow(): Promise<MetricsSnapshot> {
    const pending = carriedOver
    const counters = await pending
    return pending === carriedOver ? counters : carriedOverByNow()
  }

  async function collect(): Promise<CollectedStatus> {
    const asked = running().map(async each => [each, await each.askStatus(answerMs)] as const)
    const answers = new Map(await Promise.all(asked))
    const answerOf = (child: SupervisedChild) => answers.get(child.current()) ?? null
    const counters = await carriedOverByNow()
    return {
      metrics: [counters, ...running().flatMap(lastMetrics)],
      missing: [
        ...(fleet.recorder ? missingAtRecorder(answerOf(fleet.recorder)) : []),
        ...missingAtWorkers(fleet.workers.map(answerOf)),
      ],
      degraded: fleet.recorder ? (answerOf(fleet.recorder)?.degraded ?? []) : [],
    }
  }

  function killHanging(): void {
    for (const each of running()) {
      const silentMs = Math.round(performance.now() - each.lastHeardAt())
      if (silentMs < (each.isReady() ? hangMs : startHangMs)) continue
      logger.error({ pid: each.pid, silent_ms: silentMs }, 'a process hangs: killing it')
      each.kill('SIGKILL')
    }
  }

  async function check(): Promise<void> {
    try {
      await collect()
    } catch (error) {
      logger.error({ err: error }, 'the status of the processes could not be collected')
    }
    killHanging()
  }

  const timer = setInterval(() => void check(), everyMs)
  return {
    collect,
    carryOver(exited) {
      const metrics = exited.lastStatus()?.metrics
      if (!metrics) return
      carriedOver = carriedOver.then(async before => {
        try {
          return await sumCounters([before, metrics])
        } catch (error) {
          logger.error({ err: error, pid: exited.pid }, 'counters of an exited process are lost')
          return before
        }
      })
    },
    [Symbol.dispose]() {
      clearInterval(timer)
    },
  }
}

function lastMetrics(each: ManagedProcess): MetricsSnapshot[] {
  const status = each.lastStatus()
  return status ? [status.metrics] : []
}

function missingAtRecorder(answer: ProcessStatus | null): readonly Missing[] {
  return answer?.missing ?? [{ part: 'recorder', reason: 'it does not answer' }]
}

/** One that works is enough: the others may just be replaced. */
function missingAtWorkers(answers: readonly (ProcessStatus | null)[]): readonly Missing[] {
  const [first] = answers.filter(answer => answer !== null)
  return first?.missing ?? [{ part: 'workers', reason: 'none answers' }]
}
