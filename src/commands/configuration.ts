import type { Command } from 'commander'
import { type Config, readConfig } from '../config/config.js'
import type { Context } from './context.js'

/** The configuration that a command runs by: `--config-file`, or the files that are found. */
export function configOf(command: Command, context: Context): Config {
  const { configFile } = command.optsWithGlobals<{ configFile?: string }>()
  const { cwd, env } = context
  return readConfig(configFile === undefined ? { cwd, env } : { file: configFile, cwd, env })
}

/** The arguments that give a process of ours the same configuration. */
export function sameConfiguration(command: Command): string[] {
  const { configFile } = command.optsWithGlobals<{ configFile?: string }>()
  return configFile === undefined ? [] : ['--config-file', configFile]
}
