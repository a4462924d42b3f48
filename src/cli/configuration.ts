import type { Command } from 'commander'
import {
  type CheckedConfig,
  type Config,
  type ConfigPlace,
  checkConfig,
  readConfig,
} from '../config/config.js'
import type { Reading } from '../process/reload.js'
import type { Context } from './context.js'

/** The configuration that a command runs by: `--config-file`, or the files that are found. */
export function configOf(command: Command, context: Context): Config {
  return readConfig(placeOf(command, context))
}

/** The same for a process that runs on: what it begins with, and how to read it again. */
export function readingOf(
  command: Command,
  context: Context,
): { reading: Reading; read: () => CheckedConfig } {
  const read = () => checkConfig(placeOf(command, context))
  const checked = read()
  const config = checked.config ?? configOf(command, context) // which says what is wrong
  return { reading: { ...checked, config }, read }
}

function placeOf(command: Command, { cwd, env }: Context): ConfigPlace {
  const { configFile } = command.optsWithGlobals<{ configFile?: string }>()
  return configFile === undefined ? { cwd, env } : { file: configFile, cwd, env }
}

/** The arguments that give a process of ours the same configuration. */
export function sameConfiguration(command: Command): string[] {
  const { configFile } = command.optsWithGlobals<{ configFile?: string }>()
  return configFile === undefined ? [] : ['--config-file', configFile]
}
