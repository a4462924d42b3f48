import { Command } from 'commander'
import { loadCheckedConfig } from '../cli/command-config.js'
import type { Context } from '../cli/context.js'
import { formatOption } from '../cli/output-options.js'
import { checkStart } from '../cli/start-check.js'
import { type ConfigIssue, formatIssue } from '../config/config-issue.js'
import { renderOptions, showOptions } from '../config/shown-options.js'

/** `mixmatch config`: check and show the configuration. */
export function configCommand(context: Context): Command {
  return new Command('config')
    .description('Check and show the configuration.')
    .addCommand(checkCommand(context))
    .addCommand(showCommand(context))
}

function checkCommand(context: Context): Command {
  return new Command('check')
    .description('Check whether Mixmatch can start with this configuration.')
    .addHelpText(
      'after',
      '\nAlso checks the files, folders and ports of the configuration, as the user who runs it.\n' +
        'Exits with 0 if Mixmatch can start, with 2 if not.\n' +
        'Example: mixmatch --config-file etc/mixmatch.conf config check',
    )
    .action(async (_options, command: Command) => {
      const checked = loadCheckedConfig(command, context)
      const start = await checkStart(checked)
      for (const warning of [...checked.warnings, ...start.warnings]) {
        context.stderr.write(`warning: ${formatIssue(warning)}\n`)
      }
      if (reportProblems([...checked.problems, ...start.problems], context)) return
      const read = checked.files.length > 0 ? checked.files.join(', ') : 'environment'
      context.stdout.write(`${read}: ok, clouds: ${checked.cloudNames.join(', ')}\n`)
    })
}

function showCommand(context: Context): Command {
  return new Command('show')
    .description('Show the value of every option. Defaults are marked, secrets are masked.')
    .addOption(formatOption(['ini', 'json']))
    .addHelpText('after', '\nExample: mixmatch config show --format json')
    .action((options: { format: 'ini' | 'json' }, command: Command) => {
      const checked = loadCheckedConfig(command, context)
      if (reportProblems(checked.problems, context)) return
      const shown = showOptions(checked)
      if (options.format === 'ini') context.stdout.write(renderOptions(shown))
      else for (const each of shown) context.stdout.write(`${JSON.stringify(each)}\n`)
    })
}

/** Print the problems, and set the exit code if there are any. */
function reportProblems(problems: readonly ConfigIssue[], context: Context): boolean {
  for (const problem of problems) context.stderr.write(`${formatIssue(problem)}\n`)
  if (problems.length > 0) context.setExitCode(2)
  return problems.length > 0
}
