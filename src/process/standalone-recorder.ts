import type { Logger } from 'pino'
import { MixmatchError } from '../errors.js'
import { createOpsApp, openOps } from '../http/ops.js'
import type { ProcessLogger } from '../logger.js'
import { METRICS_TYPE, renderMetrics } from '../metrics/snapshot.js'
import { startInterval } from './interval.js'
import { record } from './record.js'
import { createRecorderReporter } from './recorder-report.js'
import { releaseMemoryWhenQuiet } from './release-memory.js'
import { createReload, type ReadAgain, type ValidConfig } from './reload.js'
import { createServiceManager } from './service-manager.js'
import type { Signals } from './signals.js'

interface StandaloneRecorderOptions {
  readonly initial: ValidConfig
  readonly read: ReadAgain
  readonly files: { readonly logFile: string; readonly viewsFile: string; readonly command: string }
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signals: Signals
  readonly logger: ProcessLogger
}

/**
 * Record without a supervisor until a signal stops it, with its own port for operators. A new configuration ends
 * the recording and starts another. The queues keep what is published in between.
 *
 * @throws as `record`
 */
export async function runStandaloneRecorder(options: StandaloneRecorderOptions): Promise<void> {
  const { initial, read, files, env, signals, logger } = options
  let { config } = initial
  let stopping = false
  let restart = () => {}
  const manager = createServiceManager({ env, logger })
  void signals.stop.then(() => {
    stopping = true
    void manager.stopping()
  })
  const reporter = createRecorderReporter(files)
  const app = createRecorderOps(reporter.report, () => stopping, logger)
  await using _ops = await openOps(app, config.ops, logger)
  using _watchdog = startInterval(manager.watchdogMs, manager.alive)

  async function applyConfig(fresh: ValidConfig): Promise<void> {
    config = fresh.config
    logger.level = config.logging.debug ? 'debug' : 'info'
    await manager.reloading()
    restart()
  }
  const reload = createReload({
    first: initial,
    read,
    apply: applyConfig,
    onResult: () => {},
    logger,
  })
  signals.onReload(() => {
    logger.reopen()
    void reload()
  })

  while (!stopping) {
    const restarted = new Promise<void>(resolve => {
      restart = resolve
    })
    const ended = Promise.race([signals.stop, restarted])
    await recordUntilLost(
      config,
      files,
      logger,
      ended,
      recording => {
        reporter.begin(recording)
        const clouds = config.clouds.map(({ name }) => name)
        logger.info({ clouds }, 'recording')
        void manager.ready(`recording ${clouds.length} clouds`)
        releaseMemoryWhenQuiet()
      },
      reporter.onAppended,
    )
    reporter.end()
  }
}

/** Record, but do not throw if the views are lost: the next recording builds them again. */
async function recordUntilLost(...[config, files, logger, ...others]: Parameters<typeof record>) {
  try {
    await record(config, files, logger, ...others)
  } catch (error) {
    if (!(error instanceof MixmatchError && error.code === 'VIEWS_LOST')) throw error
    logger.error(error.message)
  }
}

function createRecorderOps(
  report: ReturnType<typeof createRecorderReporter>['report'],
  isStopping: () => boolean,
  logger: Logger,
) {
  return createOpsApp({
    health: () => ({ healthy: !isStopping(), reasons: isStopping() ? ['draining'] : [] }),
    readiness: report,
    metrics: async () => renderMetrics([(await report()).metrics]),
    metricsType: METRICS_TYPE,
    logger,
  })
}
