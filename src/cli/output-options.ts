import { type Command, Option } from 'commander'

/** The formats of the `openstack` command, except that `json` prints one object per line. */
export const formats = ['table', 'json', 'csv', 'value'] as const
export type Format = (typeof formats)[number]

export interface OutputOptions {
  readonly format: Format
  /** Only these columns, in this order; empty for all. */
  readonly column: readonly string[]
}

/** All columns, as a table or as JSON. */
export const wholeTable: OutputOptions = { format: 'table', column: [] }
export const wholeJson: OutputOptions = { format: 'json', column: [] }

/** Add `-f, --format` and `-c, --column` to a command. */
export function withOutputOptions(command: Command): Command {
  return command.addOption(formatOption(formats)).addOption(columnOption())
}

/**
 * @param choices the first is the default
 * @param flags leave `-f` out if the command uses it for another option
 */
export function formatOption(choices: readonly string[], flags = '-f, --format <format>'): Option {
  return new Option(flags, 'output format').choices(choices).default(choices[0])
}

export function columnOption(): Option {
  return new Option('-c, --column <name>', 'only this column; repeatable')
    .default([], 'all')
    .argParser((name: string, others: readonly string[]) => [...others, name])
}
