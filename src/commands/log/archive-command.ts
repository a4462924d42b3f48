import { Command } from 'commander'
import { parsePointOption } from '../../cli/arguments.js'
import type { Context } from '../../cli/context.js'
import { logOption, resolveLogFile } from '../../cli/log-files.js'
import { MixmatchError } from '../../errors.js'
import { now } from '../../event/time.js'
import { micros, type Position } from '../../ids.js'
import { archiveLog } from '../../log/archive.js'
import { openLogReader } from '../../log/open-log.js'
import { type Point, positionAt } from '../../replay/point.js'

/** Archive only older events: a duplicate is recognised only while the first copy is in the live file. */
const YOUNGEST_MS = 3_600_000

export function archiveCommand(context: Context): Command {
  return new Command('archive')
    .description('Move old events into an archive beside the log.')
    .option(...logOption)
    .requiredOption(
      '--before <time>',
      'move events recorded before this time, which is at least an hour ago (UTC without an offset)',
      parsePointOption,
    )
    .addHelpText(
      'after',
      '\nEvery command reads the archives beside a log, too. Stop the recorder for the last step.\n' +
        'Example: mixmatch log archive --before 2026-10-01',
    )
    .action(({ before }: { before: Point }, command: Command) => {
      const file = resolveLogFile(command, context)
      const upTo = lastBefore(file, before)
      const printStep = (step: string) =>
        context.stderr.isTerminal && context.stderr.write(`${step} …\n`)
      const { archive, events } = archiveLog(file, upTo, printStep)
      context.stderr.write(
        `${archive}: ${events} events up to ${upTo}; ${file} goes on from there\n`,
      )
    })
}

function lastBefore(file: string, before: Point): Position {
  if ('position' in before || before.time > now() - YOUNGEST_MS * 1000) {
    throw new MixmatchError('USAGE', '--before: expected a time that is at least an hour ago.')
  }
  using log = openLogReader(file)
  return positionAt(log, { time: micros(before.time - 1) })
}
