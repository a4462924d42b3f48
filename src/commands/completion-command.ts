import { Argument, Command } from 'commander'
import type { Context } from '../cli/context.js'
import { completionOf, type Shell, shells } from '../cli/shell-completion.js'

export function completionCommand(context: Context): Command {
  return new Command('completion')
    .description('Print a script that lets a shell complete this command.')
    .addArgument(new Argument('<shell>').choices(shells))
    .addHelpText(
      'after',
      '\nFor zsh, put it into a file named _mixmatch in a folder of $fpath.\n' +
        'Example: mixmatch completion bash > /etc/bash_completion.d/mixmatch',
    )
    .action((shell: Shell, _options: object, command: Command) => {
      const { parent } = command
      if (parent) context.stdout.write(completionOf(parent, shell))
    })
}
