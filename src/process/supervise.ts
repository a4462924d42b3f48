import { setTimeout } from 'node:timers/promises'
import type { ProcessLogger } from '../logger.js'
import { type ChildProcesses, createChildProcesses, type ProcessPlan } from './child-processes.js'
import { startInterval } from './interval.js'
import { releaseMemoryWhenQuiet } from './release-memory.js'
import { createReload, type ReadAgain, type ValidConfig } from './reload.js'
import { createServiceManager } from './service-manager.js'
import type { Signals } from './signals.js'
import type { SupervisorOps, SupervisorState } from './supervisor-ops.js'

interface Supervision {
  readonly plan: ProcessPlan
  /** The configuration to start with. */
  readonly initial: ValidConfig
  readonly read: ReadAgain
  readonly signals: Signals
  readonly logger: ProcessLogger
}

/**
 * Run the recorder and the workers as child processes until a signal stops them. Then the workers finish
 * their requests, and the recorder stops last, because it records their observations. This process only
 * starts, stops and reports, so that little in it can fail.
 *
 * @throws ChildFailed if a child process could not start; CANNOT_LISTEN for the port for operators
 */
export async function supervise(supervision: Supervision): Promise<void> {
  const { plan, initial, read, signals, logger } = supervision
  let { config } = initial
  let state: SupervisorState = 'starting'
  let ops: SupervisorOps | null = null
  const manager = createServiceManager({ env: plan.env, logger })
  const gracefulTimeoutMs = () => config.server.gracefulTimeoutMs
  const children = createChildProcesses(plan, {
    gracefulTimeoutMs,
    onDeath: process => ops?.metrics.countDeath(process),
    onExit: exited => ops?.collector.carryOver(exited),
    logger,
  })

  async function applyConfig(fresh: ValidConfig): Promise<void> {
    config = fresh.config
    logger.level = config.logging.debug ? 'debug' : 'info'
    await manager.reloading()
    try {
      await children.replace()
    } finally {
      if (state === 'serving') await manager.ready(statusOf(children))
    }
  }

  async function serve({ metrics }: SupervisorOps): Promise<void> {
    state = 'serving'
    const { host, port } = config.server
    logger.info({ host, port, workers: children.workers.length }, 'serving')
    const onResult = metrics.countReload
    const reload = createReload({ first: initial, read, apply: applyConfig, onResult, logger })
    await manager.ready(statusOf(children))
    releaseMemoryWhenQuiet()
    using _watchdog = startInterval(manager.watchdogMs, manager.alive)
    signals.onReload(() => {
      logger.reopen()
      children.reopenLogs()
      void reload()
    })
    await signals.stop
    signals.onReload(() => {})
  }

  async function drain(): Promise<void> {
    state = 'draining'
    await manager.stopping()
    children.drain()
    await setTimeout(config.server.drainDelayMs)
  }

  const started = children.start().then(() => true)
  started.catch(() => {}) // it is awaited below
  try {
    // The modules of the port for operators are loaded while the child processes load theirs.
    const { withSupervisorOps } = await import('./supervisor-ops.js')
    await withSupervisorOps(
      { mainScript: plan.mainScript, children, state: () => state, config: () => config, logger },
      async opened => {
        ops = opened
        try {
          if (await Promise.race([started, signals.stop.then(() => false)])) {
            await serve(opened)
            await drain()
          }
        } finally {
          await children.stop() // the port for operators reports until the end
        }
      },
    )
  } finally {
    await children.stop()
  }
}

function statusOf({ recorder, workers }: ChildProcesses): string {
  const serving = workers.length === 1 ? 'one worker' : `${workers.length} workers`
  return recorder ? `recording, and ${serving} serving` : `${serving} serving`
}
