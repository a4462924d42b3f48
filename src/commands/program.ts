import { Command, CommanderError } from 'commander'
import { configOptions } from '../cli/command-config.js'
import { describeFailure } from '../cli/command-failure.js'
import type { Context, ProcessContext } from '../cli/context.js'
import { createOutput } from '../cli/output.js'
import { tellFailure } from '../process/child-messages.js'
import { version } from '../version.js'

/**
 * The commands in the order of `--help`. Only the command in the arguments is loaded, so a look-up in a log
 * does not load the modules of the proxy.
 */
const commands = {
  serve: async () => (await import('./serve-command.js')).serveCommand,
  record: async () => (await import('./record-command.js')).recordCommand,
  proxy: async () => (await import('./proxy-command.js')).proxyCommand,
  config: async () => (await import('./config-command.js')).configCommand,
  doctor: async () => (await import('./doctor-command.js')).doctorCommand,
  log: async () => (await import('./log/log-command.js')).logCommand,
  fleet: async () => (await import('./fleet-command.js')).fleetCommand,
  views: async () => (await import('./views-command.js')).viewsCommand,
  reconcile: async () => (await import('./reconcile-command.js')).reconcileCommand,
  locate: async () => (await import('./locate-command.js')).locateCommand,
  explain: async () => (await import('./explain-command.js')).explainCommand,
  replay: async () => (await import('./replay-command.js')).replayCommand,
  audit: async () => (await import('./audit-command.js')).auditCommand,
  completion: async () => (await import('./completion-command.js')).completionCommand,
  sandbox: async () => (await import('./sandbox-command.js')).sandboxCommand,
} satisfies Record<string, () => Promise<(context: Context) => Command>>

const DONE = 0
const FAILED = 1
const MISUSE = 2

/**
 * The `mixmatch` command: arguments → subcommand → exit code.
 *
 * @returns 0 for done, 1 for failed or found something, 2 for misuse (options, configuration)
 */
export async function runMixmatch(
  args: readonly string[],
  processContext: ProcessContext,
): Promise<number> {
  let exitCode: number = DONE
  const context: Context = {
    ...processContext,
    stdout: createOutput(processContext.stdout),
    stderr: createOutput(processContext.stderr),
    setExitCode(code) {
      exitCode = code
    },
  }
  try {
    await (await createProgram(context, args)).parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : MISUSE
    const failure = describeFailure(error)
    // The supervisor logs the failure of a child process, in one line.
    if (args.includes('--supervised')) await tellFailure(failure?.message ?? String(error))
    else if (failure) context.stderr.write(`mixmatch: ${failure.message}\n`)
    if (!failure) throw error
    return failure.exit === MISUSE ? MISUSE : FAILED
  }
}

/** Define the command with the subcommand in the arguments, or with all subcommands if there is none. */
export async function createProgram(
  context: Context,
  args: readonly string[] = [],
): Promise<Command> {
  const mixmatch = new Command('mixmatch')
    .description('The event-sourced federation proxy for OpenStack.')
    .version(`mixmatch ${version} (Node ${process.versions.node})`)
    .addHelpText(
      'after',
      '\nTimes are printed in UTC. A time without an offset is read as UTC.\n' +
        'Exit code: 0 for success, 1 for failure or findings, 2 for wrong usage or configuration.',
    )
  for (const option of configOptions()) mixmatch.addOption(option)
  const all = Object.entries(commands)
  const requested = all.filter(([name]) => args.includes(name))
  const isAboutAll = args.some(each => each === 'help' || each === 'completion')
  for (const [, load] of requested.length > 0 && !isAboutAll ? requested : all) {
    const command = await load()
    mixmatch.addCommand(command(context))
  }
  configureOutput(mixmatch, context)
  return mixmatch
}

/** The width of help without a terminal, and of documents that are generated from it. */
const HELP_WIDTH = 100

/** Subcommands must not end the process, and must write to the given streams. */
function configureOutput(command: Command, context: Context): void {
  command.exitOverride().configureOutput({
    writeOut: text => context.stdout.write(text),
    writeErr: text => context.stderr.write(text),
    getOutHelpWidth: () => context.stdout.width ?? HELP_WIDTH,
    getErrHelpWidth: () => context.stderr.width ?? HELP_WIDTH,
  })
  for (const subcommand of command.commands) configureOutput(subcommand, context)
}
