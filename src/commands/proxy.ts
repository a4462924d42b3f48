import cluster from 'node:cluster'
import { Command } from 'commander'
import { createLogger } from '../logger.js'
import { sayReady } from '../process/children.js'
import { askedToStop } from '../process/signals.js'
import { supervise } from '../process/supervise.js'
import { work } from '../process/work.js'
import { configOf, sameConfiguration } from './configuration.js'
import type { Context } from './context.js'
import { viewsFileOf } from './files.js'

export function proxyCommand(context: Context): Command {
  return new Command('proxy')
    .description('Serve the proxy by the views that a recorder on this machine keeps.')
    .addHelpText('after', '\nExample: mixmatch proxy')
    .action(async (_options: object, command: Command) => {
      if (cluster.isWorker) await serveRequests(context, command)
      else await superviseWorkers(context, command)
    })
}

async function serveRequests(context: Context, command: Command): Promise<void> {
  const config = configOf(command, context)
  const logger = createLogger(config.logging, 'proxy')
  const logFile = config.database.file
  const files = { logFile, viewsFile: viewsFileOf(logFile) }
  const cutOff = await work(config, files, logger, askedToStop(), ({ address, port }) => {
    logger.info({ address, port }, 'accepting connections')
    sayReady()
  })
  if (cutOff > 0) logger.warn({ requests: cutOff }, 'requests were cut off at graceful_timeout')
  logger.info('stopped')
  cluster.worker?.disconnect()
}

async function superviseWorkers(context: Context, command: Command): Promise<void> {
  const { server, logging } = configOf(command, context)
  const logger = createLogger(logging, 'mixmatch')
  const plan = {
    mainScript: context.mainScript,
    options: sameConfiguration(command),
    env: context.env,
    recorder: false,
    workers: server.workers,
  }
  const { host, port, workers } = server
  const code = await supervise(plan, logger, askedToStop(), () =>
    logger.info({ host, port, workers }, 'serving'),
  )
  context.setExitCode(code === 0 || code === 2 ? code : 1)
}
