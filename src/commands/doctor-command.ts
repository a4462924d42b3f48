import { Command } from 'commander'
import { loadConfig } from '../cli/command-config.js'
import type { Context } from '../cli/context.js'
import { type OutputOptions, withOutputOptions } from '../cli/output-options.js'
import { printRows } from '../cli/row-printer.js'
import { examine } from '../doctor/examination.js'

export function doctorCommand(context: Context): Command {
  return withOutputOptions(new Command('doctor'))
    .description('Check everything that Mixmatch depends on.')
    .addHelpText(
      'after',
      '\nChecks Keystones, clocks, logins, federation, the catalog, services, buses and the event log, and\n' +
        'changes nothing. It can run beside the recorder. Exits with 1 if a check failed.\n' +
        'Example: mixmatch doctor',
    )
    .action(async (options: OutputOptions, command: Command) => {
      const findings = await examine(loadConfig(command, context))
      const rows = findings.map(({ serviceProvider, part, verdict, found }) => ({
        service_provider: serviceProvider,
        part,
        verdict,
        found,
      }))
      printRows(context.stdout, options, rows)
      if (findings.some(({ verdict }) => verdict === 'failed')) context.setExitCode(1)
    })
}
