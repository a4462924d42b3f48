import { fork } from 'node:child_process'
import cluster from 'node:cluster'
import { availableParallelism } from 'node:os'
import type { Logger } from 'pino'
import { type Child, ChildFailed, keepRunning } from './children.js'

export interface Plan {
  /** The script of this program. */
  readonly mainScript: string
  /** What gives a child the same configuration. */
  readonly options: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly recorder: boolean
  readonly workers: number | 'auto'
}

/**
 * Run the recorder and the proxy's workers as processes of their own until asked to stop: then the
 * workers finish their requests, and the recorder, which takes what they observe, goes last. This
 * process does nothing but that, so there is little in it to fail.
 *
 * @returns what to end with: 0, or the exit code of a child that never came to work
 */
export async function supervise(
  plan: Plan,
  logger: Logger,
  asked: Promise<unknown>,
  ready: () => void,
): Promise<number> {
  const children: Child[] = []
  const begin = async (child: Child) => {
    children.push(child)
    await Promise.race([child.ready, asked])
  }
  try {
    if (plan.recorder) await begin(keepRunning('recorder', () => startRecorder(plan), logger))
    const workers = workersOf(plan, logger)
    children.push(...workers)
    await Promise.race([Promise.all(workers.map(worker => worker.ready)), asked])
    ready()
    await asked
    return 0
  } catch (error) {
    if (!(error instanceof ChildFailed)) throw error
    logger.error(error.message)
    return error.exitCode
  } finally {
    const [recorder, ...workers] = plan.recorder ? children : [undefined, ...children]
    await Promise.all(workers.map(worker => worker?.stop()))
    await recorder?.stop()
  }
}

function startRecorder({ mainScript, options, env }: Plan) {
  return fork(mainScript, [...options, 'record'], { env: { ...env } })
}

function workersOf({ mainScript, options, env, workers }: Plan, logger: Logger): Child[] {
  cluster.setupPrimary({ exec: mainScript, args: [...options, 'proxy'] })
  const count = workers === 'auto' ? availableParallelism() : workers
  return Array.from({ length: count }, (_, index) =>
    keepRunning(`worker ${index + 1}`, () => startWorker(env, logger), logger),
  )
}

function startWorker(env: Plan['env'], logger: Logger) {
  const worker = cluster.fork({ ...env })
  // A word to one that has just gone: its exit is dealt with, and nobody else would catch this.
  worker.on('error', error => logger.debug({ err: error }, 'a worker went before it was told'))
  return worker.process
}
