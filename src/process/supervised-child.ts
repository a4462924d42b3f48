import type { ChildProcess } from 'node:child_process'
import type { Logger } from 'pino'
import { createBackoff } from '../backoff.js'
import { type Exit, type ManagedProcess, manageProcess } from './managed-process.js'

const BACKOFF = { firstMs: 400, capMs: 30_000 }
/** A process that ran this long was healthy: after its death the backoff starts from the beginning. */
const HEALTHY_AFTER_MS = 60_000
/** A process that is not ready has no running request, and may not listen to signals yet. */
const STARTING_KILL_AFTER_MS = 2_000

/** One process that must always run: it is started again whenever it exits, until it is stopped. */
export interface SupervisedChild {
  /**
   * Settles when the first process is ready.
   *
   * @throws ChildFailed if it exits before it is ready
   */
  readonly ready: Promise<void>
  /** The running process, or the last one that ran. */
  current(): ManagedProcess
  /** All processes of this child that have not exited: the current one, and replaced ones that finish. */
  running(): readonly ManagedProcess[]
  /**
   * Stop the process, then start a new one. For a child of which only one process may run at a time.
   *
   * @throws ChildFailed if the new process does not become ready; it is still started again and again
   */
  restart(): Promise<void>
  /**
   * Start a new process. When it is ready, the old one finishes its requests and exits, without a time
   * limit. `stop` stops both.
   *
   * @throws ChildFailed if the new process does not become ready; then the old one continues
   */
  replace(): Promise<void>
  /** Send SIGTERM and wait for the exit. */
  stop(): Promise<void>
}

export interface ChildOptions {
  readonly name: string
  readonly start: () => ChildProcess
  /** How long a ready process may take to exit after SIGTERM; then it is killed. */
  readonly killAfterMs: () => number
  /** Called when a process exited unexpectedly and is started again. */
  readonly onDeath: () => void
  /** Called whenever a process exited. */
  readonly onExit?: (exited: ManagedProcess) => void
  readonly logger: Logger
}

/** A process that exited before it was ready. */
export class ChildFailed extends Error {
  override readonly name = 'ChildFailed'
  readonly exitCode: number

  constructor(child: string, { code, signal, reason }: Exit) {
    const how = signal === null ? `it exited with ${code}` : `it was killed by ${signal}`
    super(`${child} did not start: ${reason ?? how}`)
    this.exitCode = code || 1 // an exit with 0 is a failure too: nothing has stopped it
  }
}

/**
 * Start a process and keep it running. If it dies, it is started again after a pause, which grows as
 * long as it keeps dying. But if the very first process never becomes ready, the cause is probably the
 * installation: the failure is reported, and the process is not started again.
 */
export function superviseChild(options: ChildOptions): SupervisedChild {
  const { name, start, killAfterMs, onDeath, onExit, logger } = options
  const running = new Set<ManagedProcess>()
  const stopped = new Set<ManagedProcess>()
  let wasReady = false
  let stopping = false
  const backoff = createBackoff(BACKOFF)
  let timer: NodeJS.Timeout | undefined

  function startProcess(): ManagedProcess {
    const started = manageProcess(start())
    running.add(started)
    void started.exited.then(() => {
      running.delete(started)
      onExit?.(started)
    })
    return started
  }

  /** From now on, start this process again when it dies. */
  function makeCurrent(started: ManagedProcess): void {
    clearTimeout(timer)
    current = started
    void started.exited.then(exit => {
      const died = started === current && wasReady && !stopping && !stopped.has(started)
      if (died) startAgain(started, exit)
    })
  }

  function startAgain({ startedAt }: ManagedProcess, exit: Exit): void {
    const wasHealthy = performance.now() - startedAt > HEALTHY_AFTER_MS
    if (wasHealthy) backoff.reset()
    const pauseMs = backoff.nextMs()
    logger.error({ child: name, ...exit, pause_ms: pauseMs }, 'a process died and is started again')
    onDeath()
    timer = setTimeout(() => makeCurrent(startProcess()), pauseMs)
  }

  async function becomesReady(started: ManagedProcess): Promise<void> {
    if ((await started.ready) || stopping) return
    throw new ChildFailed(name, await started.exited)
  }

  async function stopProcess(old: ManagedProcess): Promise<void> {
    if (!running.has(old)) return
    stopped.add(old)
    old.kill('SIGTERM')
    const timeoutMs = old.isReady() ? killAfterMs() : STARTING_KILL_AFTER_MS
    const killer = setTimeout(() => {
      logger.error(
        { child: name, pid: old.pid },
        'a process did not exit after SIGTERM: killing it',
      )
      old.kill('SIGKILL')
    }, timeoutMs)
    await old.exited
    clearTimeout(killer)
    stopped.delete(old)
  }

  let current = startProcess()
  makeCurrent(current)
  return {
    ready: becomesReady(current).then(() => {
      wasReady = true
    }),
    current: () => current,
    running: () => [...running],
    async restart() {
      clearTimeout(timer)
      await stopProcess(current)
      if (stopping) return
      makeCurrent(startProcess())
      await becomesReady(current)
    },
    async replace() {
      if (stopping) return
      const fresh = startProcess()
      await becomesReady(fresh)
      if (stopping) return
      const old = current // it may have been started again meanwhile
      makeCurrent(fresh)
      old.send('finish')
    },
    async stop() {
      stopping = true
      clearTimeout(timer)
      await Promise.all([...running].map(stopProcess))
    },
  }
}
