import { dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { configOf } from './configuration.js'
import type { Context } from './context.js'

/** `--log FILE`, with which a command that only reads needs no configuration. */
export const logOption = [
  '--log <file>',
  'the event log; that of the configuration where not given',
] as const

/** The event log that a command is about: by `--log`, else as the configuration has it. */
export function logFileOf(command: Command, context: Context): string {
  const { log } = command.optsWithGlobals<{ log?: string }>()
  return log === undefined ? configOf(command, context).database.file : resolve(context.cwd, log)
}

/** The views stand beside their log, and can be deleted at any moment. */
export function viewsFileOf(logFile: string): string {
  return join(dirname(logFile), 'views.db')
}
