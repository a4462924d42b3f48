import { setTimeout } from 'node:timers/promises'
import type { Logger } from 'pino'
import { describeClouds } from '../api/cloud-status.js'
import { createQueryRunner, type QueryRunner } from '../api/query-runner.js'
import type { CheckedConfig, Config } from '../config/config.js'
import { createConsole } from '../console/console.js'
import { createOpsApp, openOps } from '../http/ops.js'
import type { ProcessLogger } from '../logger.js'
import { METRICS_TYPE, renderMetrics } from '../metrics/snapshot.js'
import { createSupervisorMetrics, type SupervisorMetrics } from '../metrics/supervisor-metrics.js'
import { createAuditRunner } from './audit-runner.js'
import { type ChildProcesses, createChildProcesses, type ProcessPlan } from './child-processes.js'
import { healthOf } from './health.js'
import { startInterval } from './interval.js'
import { checkKeystoneReachable } from './keystone-check.js'
import { createOpsAdmission, type OpsAdmission } from './ops-admission.js'
import { readSettingsOf } from './read-settings.js'
import { createReload, type ValidConfig } from './reload.js'
import { createServiceManager } from './service-manager.js'
import type { Signals } from './signals.js'
import { openStatusCollector, type StatusCollector } from './status-collector.js'

interface Supervision {
  readonly plan: ProcessPlan
  /** The configuration to start with. */
  readonly initial: ValidConfig
  /** Read the configuration again. */
  readonly read: () => CheckedConfig
  readonly signals: Signals
  readonly logger: ProcessLogger
}

/**
 * Run the recorder and the workers as child processes until a signal stops them. Then the workers finish
 * their requests, and the recorder stops last, because it records their observations. This process only
 * starts, stops and reports, so that little in it can fail.
 *
 * @throws ChildFailed if a child process could not start; CANNOT_LISTEN for the ops port
 */
export async function supervise(supervision: Supervision): Promise<void> {
  const { plan, initial, read, signals, logger } = supervision
  let { config } = initial
  let state: State = 'starting'
  const metrics = createSupervisorMetrics()
  const manager = createServiceManager({ env: plan.env, logger })
  const gracefulTimeoutMs = () => config.server.gracefulTimeoutMs
  const children = createChildProcesses(plan, {
    gracefulTimeoutMs,
    onDeath: metrics.countDeath,
    onExit: exited => collector.carryOver(exited),
    logger,
  })
  using collector = openStatusCollector({ children, logger })
  await using admission = createOpsAdmission({ config: () => config, logger })
  using queryRunner = createQueryRunner({ settings: () => readSettingsOf(config), logger })
  const app = createSupervisorOps({
    state: () => state,
    config: () => config,
    collector,
    metrics,
    queryRunner,
    admission,
    logger,
  })
  await using _ops = await openOps(app, config.ops, logger)

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

  async function serve(): Promise<void> {
    state = 'serving'
    const { host, port } = config.server
    logger.info({ host, port, workers: children.workers.length }, 'serving')
    const onResult = metrics.countReload
    const reload = createReload({ first: initial, read, apply: applyConfig, onResult, logger })
    await manager.ready(statusOf(children))
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

  try {
    const started = children.start().then(() => true)
    if (await Promise.race([started, signals.stop.then(() => false)])) {
      await serve()
      await drain()
    }
  } finally {
    await children.stop()
  }
}

type State = 'starting' | 'serving' | 'draining'

/** The application of the ops port, for all processes together. */
function createSupervisorOps(parts: {
  state: () => State
  config: () => Config
  collector: StatusCollector
  metrics: SupervisorMetrics
  queryRunner: QueryRunner
  admission: OpsAdmission
  logger: Logger
}) {
  const { state, config, collector, metrics, queryRunner, admission, logger } = parts
  const cloudStates = async () =>
    describeClouds(readSettingsOf(config()).clouds, await collector.collect())
  return createOpsApp({
    health() {
      const reasons = state() === 'serving' ? [] : [state()]
      return healthOf(reasons, config().server.healthcheckDisableFile)
    },
    async readiness() {
      const [{ missing, degraded, fleet }, keystone] = await Promise.all([
        collector.collect(),
        checkKeystoneReachable(config().auth),
      ])
      return { missing: [...missing, ...keystone], degraded, ...(fleet && { fleet }) }
    },
    async metrics() {
      const [own, collected] = await Promise.all([metrics.snapshot(), collector.collect()])
      return renderMetrics([own, ...collected.metrics])
    },
    metricsType: METRICS_TYPE,
    api: {
      queryRunner,
      admit: admission.admit,
      logFile: () => config().database.file,
      clouds: cloudStates,
      isOpen: () => config().ops.auth === 'none',
      isHealthClosed: () => config().ops.healthAuth === 'keystone',
    },
    console: createConsole({
      queryRunner,
      logFile: () => config().database.file,
      cloudStates,
      metrics: async () => (await collector.collect()).metrics,
      runAudit: createAuditRunner(() => config().database.file),
      clouds: () => config().clouds.map(({ name }) => name),
      isOpen: () => config().ops.auth === 'none',
      access: admission,
      now: Date.now,
      logger,
    }),
    logger,
  })
}

function statusOf({ recorder, workers }: ChildProcesses): string {
  const serving = workers.length === 1 ? 'one worker' : `${workers.length} workers`
  return recorder ? `recording, and ${serving} serving` : `${serving} serving`
}
