import { Command, CommanderError } from 'commander'
import { MixmatchError } from '../errors.js'
import { auditCommand } from './audit.js'
import { configCommand } from './config.js'
import type { Context, World } from './context.js'
import { doctorCommand } from './doctor.js'
import { explainCommand } from './explain.js'
import { locateCommand } from './locate.js'
import { logCommand } from './log.js'
import { proxyCommand } from './proxy.js'
import { reconcileCommand } from './reconcile.js'
import { recordCommand } from './record.js'
import { replayCommand } from './replay.js'
import { sandboxCommand } from './sandbox.js'
import { serveCommand } from './serve.js'
import { viewsCommand } from './views.js'

/** In the order in which `--help` lists them. */
const commands = [
  serveCommand,
  recordCommand,
  proxyCommand,
  configCommand,
  doctorCommand,
  logCommand,
  viewsCommand,
  reconcileCommand,
  locateCommand,
  explainCommand,
  replayCommand,
  auditCommand,
  sandboxCommand,
]

const DONE = 0
const FAILED = 1
const MISUSE = 2

/**
 * The `mixmatch` command: arguments → subcommand → exit code.
 *
 * @returns 0 for done, 1 for failed or found something, 2 for misuse (options, configuration)
 */
export async function runMixmatch(args: readonly string[], world: World): Promise<number> {
  let exitCode: number = DONE
  const context: Context = {
    ...world,
    setExitCode(code) {
      exitCode = code
    },
  }
  try {
    await program(context).parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : MISUSE
    if (!(error instanceof MixmatchError)) throw error
    world.stderr.write(`mixmatch: ${error.message}\n`)
    return error.exit === MISUSE ? MISUSE : FAILED
  }
}

function program(context: Context): Command {
  const mixmatch = new Command('mixmatch')
    .description('The event-sourced federation proxy for OpenStack.')
    .option('--config-file <file>', 'instead of ./mixmatch.conf and /etc/mixmatch/mixmatch.conf')
  for (const command of commands) mixmatch.addCommand(command(context))
  inherit(mixmatch, context)
  return mixmatch
}

/** No subcommand may end the process or write past the world it was given. */
function inherit(command: Command, context: Context): void {
  command.exitOverride().configureOutput({
    writeOut: text => context.stdout.write(text),
    writeErr: text => context.stderr.write(text),
  })
  for (const subcommand of command.commands) inherit(subcommand, context)
}
