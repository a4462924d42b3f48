import type { Logger } from 'pino'
import { describeClouds } from '../api/cloud-status.js'
import { createQueryRunner, type QueryRunner } from '../api/query-runner.js'
import type { Config } from '../config/config.js'
import type { OpsConfig } from '../config/ops-config.js'
import type { Console, ConsoleParts } from '../console/console.js'
import { createOpsApp, openOps } from '../http/ops.js'
import { METRICS_TYPE, renderMetrics } from '../metrics/snapshot.js'
import { createSupervisorMetrics, type SupervisorMetrics } from '../metrics/supervisor-metrics.js'
import { createAuditRunner } from './audit-runner.js'
import type { ChildProcesses } from './child-processes.js'
import { healthOf } from './health.js'
import { checkKeystoneReachable } from './keystone-check.js'
import { createOpsAdmission, type OpsAdmission } from './ops-admission.js'
import { readSettingsOf } from './read-settings.js'
import { openStatusCollector, type StatusCollector } from './status-collector.js'

export type SupervisorState = 'starting' | 'serving' | 'draining'

/** What the port for operators reports, with the figures of the supervisor itself. */
export interface SupervisorOps {
  readonly metrics: SupervisorMetrics
  readonly collector: StatusCollector
}

interface SupervisorOpsParts {
  /** The script that starts this program. */
  readonly mainScript: string
  readonly state: () => SupervisorState
  /** The configuration in force. */
  readonly config: () => Config
  readonly logger: Logger
}

/**
 * Serve the port for operators while a function runs.
 *
 * @throws CANNOT_LISTEN; what the function throws
 */
export async function withSupervisorOps(
  parts: SupervisorOpsParts & { readonly children: ChildProcesses },
  run: (ops: SupervisorOps) => Promise<void>,
): Promise<void> {
  const { children, config, logger } = parts
  const metrics = createSupervisorMetrics()
  using collector = openStatusCollector({ children, logger })
  const opened = config().ops
  await using admission = createOpsAdmission({ auth: opened.auth, config, logger })
  const settings = () => readSettingsOf(config())
  using queryRunner = createQueryRunner({ settings, logger })
  const app = createSupervisorApp({ ...parts, opened, collector, metrics, queryRunner, admission })
  await using _ops = await openOps(app, opened, logger)
  await run({ metrics, collector })
}

interface AppParts extends SupervisorOpsParts {
  /**
   * `[ops]` as it was when the port was opened. A reload must not open to everybody what still listens on
   * another address.
   */
  readonly opened: OpsConfig
  readonly collector: StatusCollector
  readonly metrics: SupervisorMetrics
  readonly queryRunner: QueryRunner
  readonly admission: OpsAdmission
}

/** The application of the port for operators, for all processes together. */
function createSupervisorApp(parts: AppParts) {
  const { mainScript, state, config, opened, collector, metrics } = parts
  const { queryRunner, admission, logger } = parts
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
      isOpen: () => opened.auth === 'none',
      isHealthClosed: () => opened.healthAuth === 'keystone',
    },
    console: createConsoleOnDemand({
      queryRunner,
      logFile: () => config().database.file,
      cloudStates,
      metrics: async () => (await collector.collect()).metrics,
      runAudit: createAuditRunner(mainScript, () => config().database.file),
      clouds: () => config().clouds.map(({ name }) => name),
      isOpen: () => opened.auth === 'none',
      access: admission,
      now: Date.now,
      logger,
    }),
    logger,
  })
}

/** The console, whose modules are loaded when somebody opens it. */
function createConsoleOnDemand(parts: ConsoleParts): Console {
  let opened: Promise<Console> | undefined
  async function open(): Promise<Console> {
    const { createConsole } = await import('../console/console.js')
    return createConsole(parts)
  }
  return async request => {
    opened ??= open()
    return (await opened)(request)
  }
}
