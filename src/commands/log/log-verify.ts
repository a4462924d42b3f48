import { Command, Option } from 'commander'
import type { Context } from '../../cli/context.js'
import { logOption, openHistoryOf } from '../../cli/files.js'
import { type Format, formats, parseHash, printFacts, printRows } from '../../cli/output.js'
import { progressOn } from '../../cli/progress.js'
import type { History } from '../../log/history.js'
import { type Verdict, verifyTogether } from '../../log/verify.js'

export function verifyCommand(context: Context): Command {
  return new Command('verify')
    .description('Recompute the hash chain and check that nothing was changed, added or taken out.')
    .option(...logOption)
    .option('--head <hash>', 'a head noted down earlier, which must be in this log', parseHash)
    .addOption(new Option('--format <format>').choices(formats).default('table'))
    .addHelpText(
      'after',
      '\nExits 1 if something does not hold.\nExample: mixmatch log verify --log copy.db',
    )
    .action(async (options: { head?: string; format: Format }, command: Command) => {
      using log = openHistoryOf(command, context)
      const { events, head, breaches } = await verified(log, options.head, context)
      if (options.format === 'json') {
        printFacts(context.stdout, 'json', {
          ok: breaches.length === 0,
          events,
          head: head.hash,
          breaches,
        })
      } else {
        printRows(
          context.stdout,
          'table',
          breaches.map(breach => ({ ...breach })),
        )
        if (breaches.length === 0) {
          context.stdout.write(`${log.file}: ${events} events hold, head ${head.hash}\n`)
        }
      }
      if (breaches.length > 0) {
        context.stderr.write(`mixmatch: ${log.file} does not hold: compare it with a copy.\n`)
        context.setExitCode(1)
      }
    })
}

function verified(log: History, noted: string | undefined, { stderr }: Context): Promise<Verdict> {
  const total = log.head().position - log.base().position
  const progress = progressOn(stderr, 'verifying', total)
  return verifyTogether(log, { noted, progress: progress.at }).finally(progress[Symbol.dispose])
}

export function headCommand(context: Context): Command {
  return new Command('head')
    .description('The newest position and its hash, to note down and check any later copy against.')
    .option(...logOption)
    .addOption(new Option('--format <format>').choices(formats).default('table'))
    .addHelpText('after', '\nExample: mixmatch log head >> heads.txt')
    .action((options: { format: Format }, command: Command) => {
      using log = openHistoryOf(command, context)
      const { position, hash } = log.head()
      if (options.format === 'json') printFacts(context.stdout, 'json', { position, hash })
      else context.stdout.write(`${position} ${hash}\n`)
    })
}
