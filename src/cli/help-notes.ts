import type { Command } from 'commander'

/**
 * What stands below the options in the help of a command: notes, and an example in the last line. The
 * command cannot print help any more afterwards.
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
