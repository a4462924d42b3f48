import { fork } from 'node:child_process'
import cluster from 'node:cluster'
import { availableParallelism } from 'node:os'
import type { Logger } from 'pino'
import type { SupervisorMessage } from './child-messages.js'
import { closeUntakenConnections } from './handed-connections.js'
import type { ManagedProcess } from './managed-process.js'
import { type SupervisedChild, superviseChild } from './supervised-child.js'

/** The processes that must run. */
export interface ProcessPlan {
  /** The script that starts this program. */
  readonly mainScript: string
  /** The options that give a child process the same configuration. */
  readonly options: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly recorder: boolean
  readonly workers: number | 'auto'
}

/** All child processes: the recorder and the workers. */
export interface ChildProcesses {
  /** null if the plan has no recorder, or before it is started. */
  readonly recorder: SupervisedChild | null
  readonly workers: readonly SupervisedChild[]
  /**
   * Start the recorder and the workers. The workers load their modules meanwhile, and begin when the recorder
   * is ready, because they read the views that it builds.
   *
   * @throws ChildFailed
   */
  start(): Promise<void>
  /**
   * Rolling restart: replace the processes one after another. The old workers finish their running
   * requests. Clients with busy connections reconnect to the new workers between two requests.
   *
   * @throws ChildFailed if a new process does not become ready; the remaining ones are not replaced
   */
  replace(): Promise<void>
  /** Fail the health check: load balancers stop sending requests. Requests are still served. */
  drain(): void
  /** Make every process open its log file again. */
  reopenLogs(): void
  /** Stop the workers first, because the recorder records their observations until they exit. */
  stop(): Promise<void>
}

interface ChildProcessesOptions {
  /** How long a worker may take to finish its running requests. */
  readonly gracefulTimeoutMs: () => number
  readonly onDeath: (process: 'recorder' | 'worker') => void
  readonly onExit: (exited: ManagedProcess) => void
  readonly logger: Logger
}

/** The time after `graceful_timeout` in which a process may close its files and connections. */
const CLOSING_MS = 10_000

export function createChildProcesses(
  plan: ProcessPlan,
  options: ChildProcessesOptions,
): ChildProcesses {
  const { gracefulTimeoutMs, onDeath, onExit, logger } = options
  const killAfterMs = () => gracefulTimeoutMs() + CLOSING_MS
  let recorder: SupervisedChild | null = null
  let workers: readonly SupervisedChild[] = []

  function startRecorder(): SupervisedChild {
    const name = 'recorder'
    const start = () => forkRecorder(plan)
    return superviseChild({
      name,
      start,
      killAfterMs,
      onDeath: () => onDeath(name),
      onExit,
      logger,
    })
  }

  /** @param viewsBuilt settles when the workers may begin */
  function startWorkers(viewsBuilt: Promise<void>): SupervisedChild[] {
    cluster.setupPrimary({
      exec: plan.mainScript,
      args: [...plan.options, 'proxy', '--supervised'],
      execArgv: [...process.execArgv, YOUNG_SPACE],
    })
    const count = plan.workers === 'auto' ? availableParallelism() : plan.workers
    const start = () => {
      const worker = forkWorker(plan, logger)
      viewsBuilt.then(
        () => worker.connected && worker.send('begin' satisfies SupervisorMessage, () => {}),
        () => {}, // the supervisor stops everything
      )
      return worker
    }
    return Array.from({ length: count }, (_, index) => {
      const name = `worker ${index + 1}`
      const died = () => onDeath('worker')
      return superviseChild({ name, start, killAfterMs, onDeath: died, onExit, logger })
    })
  }

  return {
    get recorder() {
      return recorder
    },
    get workers() {
      return workers
    },
    async start() {
      if (plan.recorder) recorder = startRecorder()
      const viewsBuilt = recorder?.ready ?? Promise.resolve()
      workers = startWorkers(viewsBuilt)
      await Promise.all([viewsBuilt, ...workers.map(({ ready }) => ready)])
    },
    async replace() {
      await recorder?.restart()
      for (const worker of workers) await worker.replace()
    },
    drain() {
      for (const worker of workers) worker.current().send('drain')
    },
    reopenLogs() {
      const all = [recorder, ...workers].flatMap(child => child?.running() ?? [])
      for (const each of all) each.send('reopen-log')
    },
    async stop() {
      await Promise.all(workers.map(worker => worker.stop()))
      await recorder?.stop()
    },
  }
}

/**
 * The most for young objects, in MB for each of three spaces. Under load V8 lets them grow to the maximum,
 * 100 MB by default, although hardly any of them is still used after a batch or a request. A worker under
 * load takes 142 MB instead of 175, for the same CPU time.
 */
const YOUNG_SPACE = '--max-semi-space-size=8'

function forkRecorder({ mainScript, options, env }: ProcessPlan) {
  return fork(mainScript, [...options, 'record', '--supervised'], {
    env: { ...env },
    execArgv: [...process.execArgv, YOUNG_SPACE],
  })
}

function forkWorker({ env }: ProcessPlan, logger: Logger) {
  const worker = cluster.fork({ ...env })
  closeUntakenConnections(worker)
  // A message to a worker that has just exited fails. Without a listener the supervisor would crash.
  worker.on('error', error => logger.debug({ err: error }, 'a message to a worker was lost'))
  return worker.process
}
