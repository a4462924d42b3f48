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
import type { ReadAgain, ValidConfig } from '../process/reload.js'
import type { Context } from './context.js'

/** Load the configuration of a command: from `--config-file` and `--config-dir`, or from the default files. */
export function loadConfig(command: Command, context: Context): Config {
  return readConfig(placeOf(command, context))
}

/** Load the configuration with all problems and warnings, for `config`. */
export function loadCheckedConfig(command: Command, context: Context): CheckedConfig {
  return checkConfig(placeOf(command, context))
}

/** Load the configuration of a process that can reload it: returns it with a function that reads it again. */
export function loadReloadableConfig(
  command: Command,
  context: Context,
): { initial: ValidConfig; read: ReadAgain } {
  const read: ReadAgain = variables =>
    loadCheckedConfig(command, { ...context, env: { ...context.env, ...variables } })
  const checked = read()
  const config = checked.config ?? loadConfig(command, context) // throws an error with the problems
  return { initial: { ...checked, config }, read }
}

function placeOf(command: Command, { cwd, env }: Context): ConfigPlace {
  return { sources: sourcesOf(command), cwd, env }
}

/** Whether the command line has `--config-file` or `--config-dir`. */
export function hasConfigOption(command: Command): boolean {
  return sourcesOf(command).length > 0
}

function sourcesOf(command: Command): readonly ConfigSource[] {
  const { configFile, configDir } = command.optsWithGlobals<ConfigOptions>()
  return configFile ?? configDir ?? []
}

/** Each value has the sources of both options, in the order of the command line. */
interface ConfigOptions {
  readonly configFile?: readonly ConfigSource[]
  readonly configDir?: readonly ConfigSource[]
}

/** `--config-file` and `--config-dir`, repeatable and in any order. */
export function configOptions(): readonly Option[] {
  const given: ConfigSource[] = []
  const collect = (toSource: (path: string) => ConfigSource) => (path: string) => {
    given.push(toSource(path))
    return given
  }
  return [
    new Option(
      '--config-file <file>',
      'configuration file, instead of ./mixmatch.conf and /etc/mixmatch/mixmatch.conf; repeatable, the last counts',
    ).argParser(collect(file => ({ file }))),
    new Option(
      '--config-dir <folder>',
      'folder whose *.conf files are read too, in the order of their names',
    ).argParser(collect(dir => ({ dir }))),
  ]
}

/** Log the warnings of `config check` at the start. */
export function logWarnings({ warnings }: ValidConfig, logger: Logger): void {
  for (const warning of warnings) logger.warn(formatIssue(warning))
}

/** The arguments for a child process with the same configuration. */
export function configArguments(command: Command): string[] {
  return sourcesOf(command).flatMap(source =>
    'file' in source ? ['--config-file', source.file] : ['--config-dir', source.dir],
  )
}
