import { Command } from 'commander'
import { checkConfigOf } from '../cli/command-config.js'
import type { Context } from '../cli/context.js'
import { formatOption } from '../cli/output-options.js'
import { checkStart } from '../cli/start-check.js'
import { type ConfigIssue, formatIssue } from '../config/config-issue.js'
import { renderOptions, showOptions } from '../config/shown-options.js'

/** `mixmatch config`: what the configuration says, and what is wrong with it. */
export function configCommand(context: Context): Command {
  return new Command('config')
    .description('What the configuration says, and what is wrong with it.')
    .addCommand(checkCommand(context))
    .addCommand(showCommand(context))
}

function checkCommand(context: Context): Command {
  return new Command('check')
    .description('Whether Mixmatch can start with this configuration: 0 if it can, 2 if not.')
    .addHelpText(
      'after',
      '\nLooks at the files, folders and ports that it names, too, as the user that runs it.\n' +
        'Example: mixmatch --config-file etc/mixmatch.conf config check',
    )
    .action(async (_options, command: Command) => {
      const checked = checkConfigOf(command, context)
      const start = await checkStart(checked)
      for (const warning of [...checked.warnings, ...start.warnings]) {
        context.stderr.write(`warning: ${formatIssue(warning)}\n`)
      }
      if (refuse([...checked.problems, ...start.problems], context)) return
      const read = checked.files.length > 0 ? checked.files.join(', ') : 'environment'
      context.stdout.write(`${read}: ok, clouds: ${checked.cloudNames.join(', ')}\n`)
    })
}

function showCommand(context: Context): Command {
  return new Command('show')
    .description('Every option as it counts, defaults marked, secrets masked.')
    .addOption(formatOption(['ini', 'json']))
    .addHelpText('after', '\nExample: mixmatch config show --format json')
    .action((options: { format: 'ini' | 'json' }, command: Command) => {
      const checked = checkConfigOf(command, context)
      if (refuse(checked.problems, context)) return
      const shown = showOptions(checked)
      if (options.format === 'ini') context.stdout.write(renderOptions(shown))
      else for (const each of shown) context.stdout.write(`${JSON.stringify(each)}\n`)
    })
}

/** Say what is wrong, if anything is. */
function refuse(problems: readonly ConfigIssue[], context: Context): boolean {
  for (const problem of problems) context.stderr.write(`${formatIssue(problem)}\n`)
  if (problems.length > 0) context.setExitCode(2)
  return problems.length > 0
}
