import type { Logger } from 'pino'
import type { FleetStatus } from '../fleet/fleet-status.js'
import { type MetricsSnapshot, sumCounters } from '../metrics/snapshot.js'
import type { Degraded, Missing, ProcessStatus } from './child-messages.js'
import type { ChildProcesses } from './child-processes.js'
import type { ManagedProcess } from './managed-process.js'
import type { SupervisedChild } from './supervised-child.js'

/** Collects the status of all child processes. */
export interface StatusCollector extends Disposable {
  collect(): Promise<CollectedStatus>
  /** Keep the counters of an exited process. */
  carryOver(exited: ManagedProcess): void
}

interface CollectedStatus {
  /** Those of the running processes, from their last reports, and the counters of exited processes. */
  readonly metrics: readonly MetricsSnapshot[]
  readonly missing: readonly Missing[]
  readonly degraded: readonly Degraded[]
  /** Only of a node in a fleet. */
  readonly fleet?: FleetStatus
}

export interface CollectorOptions {
  readonly children: Pick<ChildProcesses, 'recorder' | 'workers'>
  readonly logger: Logger
  /** How often the status is collected, also if nobody requests it. */
  readonly everyMs?: number
  /** How long a process may take to answer. */
  readonly answerMs?: number
  /** A ready process that is silent for so long is killed, and then started again. */
  readonly hangMs?: number
  /** The same for a process that is not ready: it may be building its views from a long log. */
  readonly startHangMs?: number
}

/**
 * Ask the child processes for their status at intervals. So their counters are known when they die, and
 * a process that hangs is found, killed and started again.
 */
export function openStatusCollector(options: CollectorOptions): StatusCollector {
  const { children, logger } = options
  const { everyMs = 10_000, answerMs = 3_000, hangMs = 60_000, startHangMs = 600_000 } = options
  let carriedOver: Promise<MetricsSnapshot> = Promise.resolve([])

  function running(): readonly ManagedProcess[] {
    return [children.recorder, ...children.workers].flatMap(child => child?.running() ?? [])
  }

  /** Settles with the counters of all processes that are not in `running` any more. */
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
    const recorder = children.recorder && answerOf(children.recorder)
    return {
      metrics: [counters, ...running().flatMap(lastMetrics)],
      missing: [
        ...(children.recorder ? missingAtRecorder(recorder) : []),
        ...missingAtWorkers(children.workers.map(answerOf)),
      ],
      degraded: recorder?.degraded ?? [],
      ...(recorder?.fleet && { fleet: recorder.fleet }),
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

/** One working worker is enough: the others may be in a rolling restart. */
function missingAtWorkers(answers: readonly (ProcessStatus | null)[]): readonly Missing[] {
  const [first] = answers.filter(answer => answer !== null)
  return first?.missing ?? [{ part: 'workers', reason: 'none answers' }]
}
