import { Command } from 'commander'
import type { Context } from '../cli/context.js'

/** The sandbox is only in the source tree, because its Keystone has well-known passwords. */
export function sandboxCommand(context: Context): Command {
  return new Command('sandbox')
    .description('Say how to get the sandbox, a miniature federation to try Mixmatch with.')
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      context.stderr.write(
        'mixmatch sandbox: the sandbox is not part of the installed package, because its Keystone has ' +
          'well-known passwords.\nGet the source of Mixmatch and run there: npm install && npm run sandbox\n',
      )
      context.setExitCode(2)
    })
}
