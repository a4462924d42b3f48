import { fork } from 'node:child_process'
import cluster from 'node:cluster'
import { availableParallelism } from 'node:os'
import type { Logger } from 'pino'
import { type Child, keepRunning } from './children.js'
import { giveOrder } from './orders.js'

/** Which processes there are to be. */
export interface Plan {
  /** The script of this program. */
  readonly mainScript: string
  /** What gives a child the same configuration. */
  readonly options: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly recorder: boolean
  readonly workers: number | 'auto'
}

/** The recorder and the workers, as one. */
export interface Fleet {
  /** null where there is none in the plan, or not yet. */
  readonly recorder: Child | null
  readonly workers: readonly Child[]
  /**
   * Start the recorder, and the workers once it is at work: they read what it has built.
   *
   * @throws ChildFailed
   */
  start(): Promise<void>
  /**
   * Put a new process in the place of each, one after another. The old workers finish what they have
   * in hand, and busy connections change over between two requests.
   *
   * @throws ChildFailed where one does not get to work; those that come after it are left alone then
   */
  replace(): Promise<void>
  /** Let the workers tell load balancers that they go, while they still serve. */
  drain(): void
  /** Workers first, because the recorder takes what they observe to the end. */
  stop(): Promise<void>
}

export interface FleetOptions {
  /** How long a worker may take for what it has in hand. */
  readonly gracefulTimeoutMs: () => number
  readonly onDeath: (process: 'recorder' | 'worker') => void
  readonly logger: Logger
}

/** What a process may take beyond `graceful_timeout` to close its files and connections. */
const CLOSING_MS = 10_000

export function createFleet(plan: Plan, options: FleetOptions): Fleet {
  const { gracefulTimeoutMs, onDeath, logger } = options
  const patienceMs = () => gracefulTimeoutMs() + CLOSING_MS
  let recorder: Child | null = null
  let workers: readonly Child[] = []
  let stopping = false

  function startRecorder(): Child {
    const name = 'recorder'
    const start = () => forkRecorder(plan)
    return keepRunning({ name, start, patienceMs, onDeath: () => onDeath(name), logger })
  }

  function startWorkers(): Child[] {
    cluster.setupPrimary({ exec: plan.mainScript, args: [...plan.options, 'proxy'] })
    const count = plan.workers === 'auto' ? availableParallelism() : plan.workers
    const start = () => forkWorker(plan, logger)
    return Array.from({ length: count }, (_, index) => {
      const name = `worker ${index + 1}`
      return keepRunning({ name, start, patienceMs, onDeath: () => onDeath('worker'), logger })
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
      if (plan.recorder) {
        recorder = startRecorder()
        await recorder.ready
      }
      if (stopping) return
      workers = startWorkers()
      await Promise.all(workers.map(({ ready }) => ready))
    },
    async replace() {
      await recorder?.restart()
      for (const worker of workers) await worker.relieve(old => giveOrder(old, 'retire'))
    },
    drain() {
      for (const worker of workers) giveOrder(worker.current(), 'drain')
    },
    async stop() {
      stopping = true
      await Promise.all(workers.map(worker => worker.stop()))
      await recorder?.stop()
    },
  }
}

function forkRecorder({ mainScript, options, env }: Plan) {
  return fork(mainScript, [...options, 'record', '--supervised'], { env: { ...env } })
}

function forkWorker({ env }: Plan, logger: Logger) {
  const worker = cluster.fork({ ...env })
  // A word to one that has just gone: its exit is dealt with, and nobody else would catch this.
  worker.on('error', error => logger.debug({ err: error }, 'a worker went before it was told'))
  return worker.process
}
