import { Command } from 'commander'
import { parseHash } from '../../cli/arguments.js'
import type { Context } from '../../cli/context.js'
import { logOption, openCommandHistory } from '../../cli/log-files.js'
import { type OutputOptions, withOutputOptions } from '../../cli/output-options.js'
import { showProgress } from '../../cli/progress.js'
import { printFacts, printRows } from '../../cli/row-printer.js'
import type { History } from '../../log/history.js'
import { noteVerification } from '../../log/verification-note.js'
import { type Verdict, verifyTogether } from '../../log/verify.js'

interface VerifyOptions extends OutputOptions {
  readonly head?: string
  readonly note?: true
}

export function verifyCommand(context: Context): Command {
  return withOutputOptions(new Command('verify'))
    .description('Verify the hash chain: check that no event was changed, added or removed.')
    .option(...logOption)
    .option('--head <hash>', 'a hash noted earlier, which must be in this log', parseHash)
    .option('--note', 'note the result beside the log: the read API and the console show it')
    .addHelpText(
      'after',
      '\nExits with 1 if the log was changed.\nExample: mixmatch log verify --log copy.db',
    )
    .action(async (options: VerifyOptions, command: Command) => {
      using log = openCommandHistory(command, context)
      const verdict = await verify(log, options.head, context)
      const { events, head, breaches } = verdict
      if (options.note) noteVerification(log.file, verdict)
      if (options.format !== 'table') {
        printFacts(context.stdout, options, {
          ok: breaches.length === 0,
          events,
          head: head.hash,
          breaches,
        })
      } else {
        printRows(
          context.stdout,
          options,
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

function verify(log: History, noted: string | undefined, { stderr }: Context): Promise<Verdict> {
  const total = log.head().position - log.base().position
  const progress = showProgress(stderr, 'verifying', total)
  return verifyTogether(log, { noted, progress: progress.at }).finally(progress[Symbol.dispose])
}

export function headCommand(context: Context): Command {
  return withOutputOptions(new Command('head'))
    .description('Print the newest position and its hash, to verify later copies with.')
    .option(...logOption)
    .addHelpText('after', '\nExample: mixmatch log head >> heads.txt')
    .action((options: OutputOptions, command: Command) => {
      using log = openCommandHistory(command, context)
      const { position, hash } = log.head()
      const isPlain = options.format === 'table' && options.column.length === 0
      if (isPlain) context.stdout.write(`${position} ${hash}\n`)
      else printFacts(context.stdout, options, { position, hash })
    })
}
