import type { Command } from 'commander'

/**
 * The notes and the example below the options in the help of a command. The command cannot print its help
 * after this call.
 */
export function helpNotesOf(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut(part) {
      text += part
    },
  })
  command.outputHelp()
  return text.slice(command.helpInformation().length).trim()
}
