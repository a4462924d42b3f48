import { type Command, Option } from 'commander'
import type { Logger } from 'pino'
import {
  type CheckedConfig,
  type Config,
  type ConfigPlace,
  checkConfig,
  readConfig,
} from '../config/config.js'
import { formatIssue } from '../config/config-issue.js'
import type { ConfigSource } from '../config/find-files.js'
import type { Reading } from '../process/reload.js'
import type { Context } from './context.js'

/** The configuration that a command runs by: `--config-file`, or the files that are found. */
export function configOf(command: Command, context: Context): Config {
  return readConfig(placeOf(command, context))
}

/** The same with all that is wrong and all that may surprise, for `config`. */
export function checkConfigOf(command: Command, context: Context): CheckedConfig {
  return checkConfig(placeOf(command, context))
}

/** The same for a process that runs on: what it begins with, and how to read it again. */
export function readingOf(
  command: Command,
  context: Context,
): { reading: Reading; read: () => CheckedConfig } {
  const read = () => checkConfigOf(command, context)
  const checked = read()
  const config = checked.config ?? configOf(command, context) // which says what is wrong
  return { reading: { ...checked, config }, read }
}

function placeOf(command: Command, { cwd, env }: Context): ConfigPlace {
  return { sources: sourcesOf(command), cwd, env }
}

/** Whether the command line says where the configuration is. */
export function namesConfiguration(command: Command): boolean {
  return sourcesOf(command).length > 0
}

function sourcesOf(command: Command): readonly ConfigSource[] {
  const { configFile, configDir } = command.optsWithGlobals<ConfigOptions>()
  return configFile ?? configDir ?? []
}

/** Both hold all that was asked for by either, so that its order is kept. */
interface ConfigOptions {
  readonly configFile?: readonly ConfigSource[]
  readonly configDir?: readonly ConfigSource[]
}

/** `--config-file` and `--config-dir`, which may come several times and in any order. */
export function configOptions(): readonly Option[] {
  const asked: ConfigSource[] = []
  const collect = (toSource: (path: string) => ConfigSource) => (path: string) => {
    asked.push(toSource(path))
    return asked
  }
  return [
    new Option(
      '--config-file <file>',
      'instead of ./mixmatch.conf and /etc/mixmatch/mixmatch.conf; repeatable, the last counts',
    ).argParser(collect(file => ({ file }))),
    new Option(
      '--config-dir <folder>',
      'all its *.conf as well, in the order of their names',
    ).argParser(collect(dir => ({ dir }))),
  ]
}

/** Log at the start what `config check` warns of. */
export function logWarnings({ warnings }: Reading, logger: Logger): void {
  for (const warning of warnings) logger.warn(formatIssue(warning))
}

/** The arguments that give a process of ours the same configuration. */
export function sameConfiguration(command: Command): string[] {
  return sourcesOf(command).flatMap(source =>
    'file' in source ? ['--config-file', source.file] : ['--config-dir', source.dir],
  )
}
