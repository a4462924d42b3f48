import { resolve } from 'node:path'
import { Command } from 'commander'
import type { Context } from '../../cli/context.js'
import { type OutputOptions, withOutputOptions } from '../../cli/output-options.js'
import { printFacts } from '../../cli/row-printer.js'
import type { RecordedEvent } from '../../event/event.js'
import { formatTime } from '../../event/time.js'
import { compareLogs, type Difference } from '../../log/compare-logs.js'
import { type History, openHistory } from '../../log/history.js'

export function compareCommand(context: Context): Command {
  return withOutputOptions(new Command('compare'))
    .description(
      'Compare two event logs, such as those of two nodes, and show the first difference.',
    )
    .argument('<log>', 'an event log, or a folder with it and its archives')
    .argument('<other>', 'the other one')
    .addHelpText(
      'after',
      '\nIt compares hashes, each of which covers all events before it; "mixmatch log verify" checks the hashes.\n' +
        'Exits with 0 if one log is the beginning of the other or both are equal, with 1 if they differ.\n' +
        'Example: mixmatch log compare node1.db node2.db',
    )
    .action((left: string, right: string, options: OutputOptions) => {
      using one = openHistory([resolve(context.cwd, left)])
      using other = openHistory([resolve(context.cwd, right)])
      const compared = compareLogs(one, other)
      const isDifferent = compared === null || compared.difference !== null
      printFacts(context.stdout, options, {
        same: !isDifferent,
        agree_up_to: compared?.agreeUpTo ?? 0,
        ...headFacts('log', one),
        ...headFacts('other', other),
        ...(compared?.difference && differenceFacts(compared.difference)),
      })
      context.stderr.write(`mixmatch: ${verdict(one, other, compared)}\n`)
      if (isDifferent) context.setExitCode(1)
    })
}

function headFacts(prefix: string, log: History) {
  const { position, hash } = log.head()
  return { [`${prefix}_head`]: position, [`${prefix}_hash`]: hash }
}

function differenceFacts({ position, events }: Difference) {
  return {
    first_difference: position,
    ...(events && { log_event: describeEvent(events[0]), other_event: describeEvent(events[1]) }),
  }
}

/** `sp1 volume.create.end 5f2c… recorded 2026-11-23T13:20:06.707170Z` */
function describeEvent({ serviceProvider, eventType, messageId, recordedAt }: RecordedEvent) {
  return `${serviceProvider} ${eventType} ${messageId} recorded ${formatTime(recordedAt)}`
}

function verdict(one: History, other: History, compared: ReturnType<typeof compareLogs>): string {
  if (compared === null) return `${one.file} and ${other.file} have no position in common`
  const { agreeUpTo, difference } = compared
  if (difference?.events) return `they differ from event ${difference.position} on`
  if (difference) {
    return `they differ at event ${difference.position}, and perhaps earlier: name the files before it, too`
  }
  const [shorter, longer] =
    one.head().position <= other.head().position ? [one, other] : [other, one]
  return shorter.head().position === longer.head().position
    ? `both are the same, up to event ${agreeUpTo}`
    : `${shorter.file} is the beginning of ${longer.file}, up to event ${agreeUpTo}`
}
