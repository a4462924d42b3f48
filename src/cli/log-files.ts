import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import { MixmatchError } from '../errors.js'
import { type History, openHistory } from '../log/history.js'
import { forgetLostLog, rejectLostLog } from '../projection/belonging.js'
import { configOf } from './command-config.js'
import type { Context } from './context.js'

/**
 * `--log FILE`, with which a command that only reads needs no configuration. Given several times, or
 * with a folder, all its files are one history.
 */
export const logOption = [
  '--log <file>',
  'the event log, or a folder with it and its archives; that of the configuration where not given',
  (file: string, others: readonly string[] = []) => [...others, file],
] as const

/** `--new-log`, for the commands that append to a log. */
export const newLogOption = [
  '--new-log',
  'begin a new log where one was lost; what its views know is set aside',
] as const

/** What `--new-log` decides: whether a log that was lost is forgotten. @throws LOG_LOST */
export function dealWithLostLog(logFile: string, newLog: boolean): void {
  if (newLog) forgetLostLog(logFile)
  rejectLostLog(logFile)
}

/**
 * The event log that a command is about: by `--log`, else as the configuration has it.
 *
 * @throws USAGE where several were given
 */
export function logFileOf(command: Command, context: Context): string {
  const [file, ...others] = logFilesOf(command, context)
  if (file !== undefined && others.length === 0) return file
  throw new MixmatchError('USAGE', '--log: this command is about one file, found several.')
}

/** As `logFileOf`, for commands that read: the files or folders that were given. */
export function logFilesOf(command: Command, context: Context): string[] {
  const { log } = command.optsWithGlobals<{ log?: readonly string[] }>()
  return log === undefined
    ? [configuredLog(command, context)]
    : log.map(file => resolve(context.cwd, file))
}

function configuredLog(command: Command, context: Context): string {
  try {
    return configOf(command, context).database.file
  } catch (error) {
    if (!(error instanceof MixmatchError && error.code === 'CONFIG_NOT_FOUND')) throw error
    const message = `${error.message} Or name the event log itself, with --log FILE: then no configuration is needed.`
    throw new MixmatchError(error.code, message, { cause: error })
  }
}

/**
 * The history that a command reads, open.
 *
 * @throws as `openHistory`
 */
export function openHistoryOf(command: Command, context: Context): History {
  const history = openHistory(logFilesOf(command, context))
  const { position, archive } = history.base()
  if (position > 0) {
    context.stderr.write(
      `mixmatch: the history begins after event ${position}; what was before is in ${archive}\n`,
    )
  }
  return history
}

/**
 * A file that a command is to write.
 *
 * @throws USAGE where its folder is not there, or a folder has its name
 */
export function writtenFile(given: string, context: Context): string {
  const file = resolve(context.cwd, given)
  const folder = dirname(file)
  if (!isFolder(folder)) {
    throw new MixmatchError('USAGE', `${file}: there is no folder ${folder}. Make it first.`)
  }
  refuseFolder(file)
  return file
}

/** @throws USAGE where a folder is named in place of a file */
export function refuseFolder(file: string): void {
  if (isFolder(file)) throw new MixmatchError('USAGE', `${file}: is a folder. Name a file in it.`)
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
