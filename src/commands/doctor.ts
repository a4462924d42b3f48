import { Command, Option } from 'commander'
import { configOf } from '../cli/configuration.js'
import type { Context } from '../cli/context.js'
import { type Format, formats, printRows } from '../cli/output.js'
import { examine } from '../doctor/doctor.js'

export function doctorCommand(context: Context): Command {
  return new Command('doctor')
    .description('Look at everything that Mixmatch depends on, and say what is not well.')
    .addOption(new Option('--format <format>').choices(formats).default('table'))
    .addHelpText(
      'after',
      '\nKeystones, clocks, logins, federation, the catalog, services, buses and the event log; nothing\n' +
        'is changed anywhere. May run beside the recorder. Exits 1 if something failed.\n' +
        'Example: mixmatch doctor',
    )
    .action(async ({ format }: { format: Format }, command: Command) => {
      const findings = await examine(configOf(command, context))
      const rows = findings.map(({ serviceProvider, part, verdict, found }) => ({
        service_provider: serviceProvider,
        part,
        verdict,
        found,
      }))
      printRows(context.stdout, format, rows)
      if (findings.some(({ verdict }) => verdict === 'failed')) context.setExitCode(1)
    })
}
