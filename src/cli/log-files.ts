import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import { MixmatchError } from '../errors.js'
import { type History, openHistory } from '../log/history.js'
import { loadConfig } from './command-config.js'
import type { Context } from './context.js'

/**
 * `--log FILE`: with it, a command that only reads needs no configuration. Several files, or a folder of
 * files, are one history.
 */
export const logOption = [
  '--log <file>',
  'the event log, or a folder with it and its archives; repeatable (default: that of the configuration)',
  (file: string, others: readonly string[] = []) => [...others, file],
] as const

/**
 * The event log of a command: from `--log`, otherwise from the configuration.
 *
 * @throws USAGE if several are given
 */
export function resolveLogFile(command: Command, context: Context): string {
  const [file, ...others] = resolveLogFiles(command, context)
  if (file !== undefined && others.length === 0) return file
  throw new MixmatchError('USAGE', '--log: expected one file for this command, found several.')
}

/** The event logs of a command that reads: one or several files or folders. */
function resolveLogFiles(command: Command, context: Context): string[] {
  const { log } = command.optsWithGlobals<{ log?: readonly string[] }>()
  return log === undefined
    ? [configuredLog(command, context)]
    : log.map(file => resolve(context.cwd, file))
}

function configuredLog(command: Command, context: Context): string {
  try {
    return loadConfig(command, context).database.file
  } catch (error) {
    if (!(error instanceof MixmatchError && error.code === 'CONFIG_NOT_FOUND')) throw error
    const message = `${error.message} Or name the event log itself, with --log FILE: then no configuration is needed.`
    throw new MixmatchError(error.code, message, { cause: error })
  }
}

/**
 * Open the history that a command reads.
 *
 * @throws as `openHistory`
 */
export function openCommandHistory(command: Command, context: Context): History {
  const history = openHistory(resolveLogFiles(command, context))
  const { position, archive } = history.base()
  if (position > 0) {
    context.stderr.write(
      `mixmatch: the history begins after event ${position}; what was before is in ${archive}\n`,
    )
  }
  return history
}

/**
 * The absolute path of a file that a command will write.
 *
 * @throws USAGE if its folder does not exist, or the path is a folder
 */
export function resolveOutputFile(given: string, context: Context): string {
  const file = resolve(context.cwd, given)
  const folder = dirname(file)
  if (!isFolder(folder)) {
    throw new MixmatchError('USAGE', `${file}: there is no folder ${folder}. Make it first.`)
  }
  rejectFolder(file)
  return file
}

/** @throws USAGE if the path is a folder */
export function rejectFolder(file: string): void {
  if (isFolder(file)) throw new MixmatchError('USAGE', `${file}: is a folder. Name a file in it.`)
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
