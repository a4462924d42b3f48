import { Command } from 'commander'
import { configOf } from '../cli/command-config.js'
import type { Context } from '../cli/context.js'
import { type OutputOptions, withOutputOptions } from '../cli/output-options.js'
import { printRows } from '../cli/row-printer.js'
import { examine } from '../doctor/examination.js'

export function doctorCommand(context: Context): Command {
  return withOutputOptions(new Command('doctor'))
    .description('Look at everything that Mixmatch depends on, and say what is not well.')
    .addHelpText(
      'after',
      '\nKeystones, clocks, logins, federation, the catalog, services, buses and the event log; nothing\n' +
        'is changed anywhere. May run beside the recorder. Exits 1 if something failed.\n' +
        'Example: mixmatch doctor',
    )
    .action(async (options: OutputOptions, command: Command) => {
      const findings = await examine(configOf(command, context))
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
