import { resolve } from 'node:path'
import { Command } from 'commander'
import { nameOfStream, parseStreamUrl } from '../bus/stream-url.js'
import { loadConfig } from '../cli/command-config.js'
import type { Context } from '../cli/context.js'
import { catchInterrupt } from '../cli/interrupt.js'
import { rejectFolder } from '../cli/log-files.js'
import { showProgress } from '../cli/progress.js'
import { sharedSecrets } from '../config/shared-secrets.js'
import { MixmatchError } from '../errors.js'
import { createFleetKey } from '../fleet/fleet-key.js'
import { publishLog } from '../fleet/publish-log.js'
import { holdLog } from '../log/holder.js'
import { openLogReader } from '../log/open-log.js'
import { createLogger } from '../logger.js'

export function fleetCommand(context: Context): Command {
  return new Command('fleet')
    .description('Make a fleet of several nodes from the log of one machine.')
    .addCommand(initCommand(context))
}

function initCommand(context: Context): Command {
  return new Command('init')
    .description('Publish an existing event log into the new stream of a fleet.')
    .requiredOption('--from <file>', 'the event log; its recorder must not run')
    .addHelpText(
      'after',
      '\nThe stream is that of [fleet] stream, and must be new. Every node that follows it gets all events with the\n' +
        'same positions and hashes, and collects nothing before. Run it again after an interruption.\n' +
        'Example: mixmatch fleet init --from data/events.db',
    )
    .action(async ({ from }: { from: string }, command: Command) => {
      const config = loadConfig(command, context)
      const { stream } = config.fleet
      if (stream === null) {
        throw new MixmatchError(
          'USAGE',
          'fleet init: expected [fleet] stream in the configuration, found nothing.',
        )
      }
      const url = parseStreamUrl(stream)
      const file = resolve(context.cwd, from)
      rejectFolder(file)
      using log = openLogReader(file)
      using _held = holdLog(file, 'fleet init')
      const { position, hash } = log.head()
      const logger = createLogger(config.logging, 'fleet')
      logger.level = 'warn'
      using interrupt = catchInterrupt()
      using progress = showProgress(context.stderr, 'publishing', position)
      const key = createFleetKey(sharedSecrets(config), url.name)
      await publishLog(log, { url, key, logger }, progress.at, interrupt.signal)
      context.stderr.write(
        `${nameOfStream(url)}: ${position} events of ${file}, head ${hash}. Start the nodes.\n`,
      )
    })
}
