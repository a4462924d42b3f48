import { Command, Option } from 'commander'
import { loadConfig } from '../cli/command-config.js'
import type { Context } from '../cli/context.js'
import { createLogger } from '../logger.js'
import { createProxyMetrics } from '../metrics/proxy-metrics.js'
import {
  answerStatusRequests,
  type Missing,
  onCommand,
  tellReady,
} from '../process/child-messages.js'
import { releaseMemoryWhenQuiet } from '../process/release-memory.js'
import { waitForSupervisorStop } from '../process/signals.js'
import { runWorker } from '../process/worker.js'
import { whyNoViews } from '../projection/locate.js'
import { viewsFileOf } from '../projection/views-file.js'

export function proxyCommand(context: Context): Command {
  return new Command('proxy')
    .description('Run the proxy alone, with the views of a recorder on this machine.')
    .addOption(new Option('--supervised', 'as a worker of "mixmatch serve"').hideHelp())
    .addHelpText('after', '\nExample: mixmatch proxy')
    .action(async ({ supervised }: { supervised?: true }, command: Command) => {
      if (supervised) return await serveRequests(context, command)
      // a worker does not need the modules of the supervisor
      const { runSupervised } = await import('../cli/supervision.js')
      await runSupervised(context, command, { recorder: false })
    })
}

async function serveRequests(context: Context, command: Command): Promise<void> {
  const stop = waitForSupervisorStop()
  const begin = new Promise<void>(resolve => onCommand('begin', resolve))
  const config = loadConfig(command, context)
  const logger = createLogger(config.logging, 'worker')
  onCommand('reopen-log', logger.reopen)
  const logFile = config.database.file
  const files = { logFile, viewsFile: viewsFileOf(logFile) }
  const metrics = createProxyMetrics()
  const sendStatus = answerStatusRequests(async () => ({
    metrics: await metrics.snapshot(),
    missing: missingViews(whyNoViews(logFile)),
    degraded: [],
  }))
  await Promise.race([begin, stop])
  const cutOff = await runWorker({
    config,
    files,
    metrics,
    stop,
    onCommand,
    onListening({ address, port }) {
      logger.info({ address, port }, 'accepting connections')
      tellReady()
      releaseMemoryWhenQuiet()
    },
    logRequest: logger.logRequest,
    logger,
  })
  await sendStatus()
  if (cutOff > 0) logger.warn({ requests: cutOff }, 'requests were cut off at graceful_timeout')
  logger.info('stopped')
}

function missingViews(problem: string | null): Missing[] {
  return problem === null
    ? []
    : [{ part: 'views', reason: `${problem}: "mixmatch record" makes them` }]
}
