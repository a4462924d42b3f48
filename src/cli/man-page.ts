import type { Command } from 'commander'
import { helpNotesOf } from './help-notes.js'

/**
 * The man pages of a command in roff, from the same definitions as its help: one for the command itself, and
 * one for each of its subcommands.
 *
 * @returns text by file name: `mixmatch.1`, `mixmatch-log.1`
 */
export function manPagesOf(program: Command): ReadonlyMap<string, string> {
  const subcommands = visibleSubcommands(program)
  return new Map([
    [`${program.name()}.1`, overviewOf(program, subcommands)],
    ...subcommands.map(command => {
      const name = `${program.name()}-${command.name()}`
      return [`${name}.1`, pageOf(program, command, name)] as const
    }),
  ])
}

function overviewOf(program: Command, subcommands: readonly Command[]): string {
  const name = program.name()
  const commands = subcommands.map(each =>
    tagged(bold(`${name}-${each.name()}`).concat('(1)'), each.description()),
  )
  return [
    titleOf(name),
    section('NAME', `${escaped(name)} \\- ${escaped(program.description())}`),
    section('SYNOPSIS', synopsisOf(program, name)),
    section('COMMANDS', ...commands),
    section('OPTIONS', ...optionsOf(program)),
    section('NOTES', notesIn(helpNotesOf(program))),
    section(
      'EXIT STATUS',
      tagged('0', 'Done.'),
      tagged('1', 'Failed, or found something.'),
      tagged('2', 'Misuse, or a configuration that is wrong.'),
    ),
    section(
      'ENVIRONMENT',
      tagged('OS_<GROUP>__<OPTION>', 'An option of the configuration. It counts above the files.'),
    ),
    section(
      'FILES',
      ...['./mixmatch.conf', './etc/mixmatch/mixmatch.conf', '/etc/mixmatch/mixmatch.conf'].map(
        file => tagged(file, 'Configuration. What a later file says counts.'),
      ),
    ),
  ].join('')
}

function pageOf(program: Command, command: Command, name: string): string {
  const path = `${program.name()} ${command.name()}`
  const nested = visibleSubcommands(command)
  return [
    titleOf(name),
    section('NAME', `${escaped(name)} \\- ${escaped(command.description())}`),
    nested.length === 0
      ? section('SYNOPSIS', synopsisOf(command, path)) + detailsOf(command)
      : section('COMMANDS', ...nested.map(each => subsectionOf(each, `${path} ${each.name()}`))),
    section('SEE ALSO', `${bold(program.name())}(1)`),
  ].join('')
}

function detailsOf(command: Command): string {
  const notes = helpNotesOf(command)
  return [
    ...(command.registeredArguments.length > 0
      ? [section('ARGUMENTS', ...argumentsOf(command))]
      : []),
    section('OPTIONS', ...optionsOf(command)),
    ...(notes === '' ? [] : [section('NOTES', notesIn(notes))]),
  ].join('')
}

function subsectionOf(command: Command, path: string): string {
  const notes = helpNotesOf(command)
  return [
    `.SS ${escaped(path)}\n`,
    `${escaped(command.description())}\n.PP\n`,
    synopsisOf(command, path),
    '\n',
    ...argumentsOf(command),
    ...optionsOf(command),
    notes === '' ? '' : `.PP\n${notesIn(notes)}\n`,
  ].join('')
}

function titleOf(name: string): string {
  return `.\\" Made by "npm run docs". Do not edit.\n.TH ${name.toUpperCase().replaceAll('-', '\\-')} 1 "" Mixmatch "Mixmatch Manual"\n`
}

function section(title: string, ...parts: readonly string[]): string {
  const text = parts.join('')
  return `.SH ${title}\n${text}${text.endsWith('\n') ? '' : '\n'}`
}

function synopsisOf(command: Command, path: string): string {
  return `${bold(path)} ${escaped(command.usage())}\n`
}

function argumentsOf(command: Command): string[] {
  const help = command.createHelp()
  return help
    .visibleArguments(command)
    .map(each => tagged(bold(help.argumentTerm(each)), help.argumentDescription(each)))
}

function optionsOf(command: Command): string[] {
  const help = command.createHelp()
  return help
    .visibleOptions(command)
    .map(each => tagged(bold(help.optionTerm(each)), help.optionDescription(each)))
}

function visibleSubcommands(command: Command): Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter(each => each.name() !== 'help')
}

/** Keep the line breaks of notes. */
function notesIn(notes: string): string {
  return `.nf\n${notes.split('\n').map(escaped).join('\n')}\n.fi`
}

function tagged(term: string, text: string): string {
  return `.TP\n${term.startsWith('\\') ? term : escaped(term)}\n${escaped(text)}\n`
}

function bold(text: string): string {
  return `\\fB${escaped(text)}\\fR`
}

/** Escape hyphens, backslashes, and lines that roff would take for requests. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/gm, '\\&')
}
