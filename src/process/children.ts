import type { ChildProcess } from 'node:child_process'
import type { Logger } from 'pino'
import { type Exit, type Run, watch } from './run.js'

const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 30_000
/** A child that lived this long was well: its next death is answered at once again. */
const WELL_AFTER_MS = 60_000

/** One process that must always run: started again whenever it ends, until it is stopped. */
export interface Child {
  readonly name: string
  /**
   * Settles when the child is at work for the first time.
   *
   * @throws ChildFailed where it ended before it ever was
   */
  readonly ready: Promise<void>
  /** The process that runs at this moment, or ran last. */
  current(): ChildProcess
  /**
   * Put a new process in its place where only one can run at a time: the old one goes first.
   *
   * @throws ChildFailed where the new one did not get to work; it is tried again and again
   */
  restart(): Promise<void>
  /**
   * Put a new process in its place, and let the old one go when the new one is at work.
   *
   * @param letGo tells the old one to end when it has finished what it has in hand, however long that
   *   takes; `stop` ends it like the new one
   * @throws ChildFailed where the new one did not get to work; the old one stays then
   */
  relieve(letGo: (old: ChildProcess) => void): Promise<void>
  /** End it politely and wait until it is gone. */
  stop(): Promise<void>
}

export interface ChildOptions {
  readonly name: string
  readonly start: () => ChildProcess
  /** How long it may take to end when it is asked to; then it is killed. */
  readonly patienceMs: () => number
  /** Told when it ended without being asked to, after it had been at work. */
  readonly onDeath: () => void
  readonly logger: Logger
}

/** A child that never came to work; its own words are in the log. */
export class ChildFailed extends Error {
  override readonly name = 'ChildFailed'
  readonly exitCode: number

  constructor(child: string, exitCode: number) {
    super(`${child} ended with ${exitCode} before it was at work`)
    this.exitCode = exitCode
  }
}

/**
 * Keep a child running. One that dies after it was at work is started again, with a pause that
 * grows while it keeps dying; one that never gets to work is a fault of the installation, and ours
 * to report, not to repeat.
 */
export function keepRunning({ name, start, patienceMs, onDeath, logger }: ChildOptions): Child {
  const living = new Set<Run>()
  const dismissed = new Set<Run>()
  let everReady = false
  let stopping = false
  let pauseMs = FIRST_PAUSE_MS
  let timer: NodeJS.Timeout | undefined

  function begin(): Run {
    const run = watch(start())
    living.add(run)
    void run.gone.then(() => living.delete(run))
    return run
  }

  /** From here on it is this one that must run. */
  function install(run: Run): void {
    clearTimeout(timer)
    current = run
    void run.gone.then(exit => {
      if (run === current && everReady && !stopping && !dismissed.has(run)) startAgain(run, exit)
    })
  }

  function startAgain({ begun }: Run, { code, signal }: Exit): void {
    const wasWell = performance.now() - begun > WELL_AFTER_MS
    pauseMs = wasWell ? FIRST_PAUSE_MS : Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
    const details = { child: name, code, signal, pause_ms: pauseMs }
    logger.error(details, 'a process died and is started again')
    onDeath()
    timer = setTimeout(() => install(begin()), pauseMs)
  }

  async function beAtWork(run: Run): Promise<void> {
    if ((await run.atWork) || stopping) return
    // Also one that ended with 0: nobody has asked it to.
    throw new ChildFailed(name, (await run.gone).code || 1)
  }

  async function dismiss(run: Run): Promise<void> {
    if (!living.has(run)) return
    dismissed.add(run)
    run.process.kill('SIGTERM')
    const killer = setTimeout(() => {
      logger.error({ child: name }, 'a process did not end when it was asked to, and is killed')
      run.process.kill('SIGKILL')
    }, patienceMs())
    await run.gone
    clearTimeout(killer)
    dismissed.delete(run)
  }

  let current = begin()
  install(current)
  return {
    name,
    ready: beAtWork(current).then(() => {
      everReady = true
    }),
    current: () => current.process,
    async restart() {
      clearTimeout(timer)
      await dismiss(current)
      if (stopping) return
      install(begin())
      await beAtWork(current)
    },
    async relieve(letGo) {
      if (stopping) return
      const fresh = begin()
      await beAtWork(fresh)
      if (stopping) return
      const old = current // or what was started in its place meanwhile
      install(fresh)
      letGo(old.process)
    },
    async stop() {
      stopping = true
      clearTimeout(timer)
      await Promise.all([...living].map(dismiss))
    },
  }
}
