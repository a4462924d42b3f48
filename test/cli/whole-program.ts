import { PassThrough } from 'node:stream'
import type { Command } from 'commander'
import { manPagesOf } from '../../src/cli/man-page.js'
import { createOutput } from '../../src/cli/output.js'
import { createProgram } from '../../src/commands/program.js'

/** The definition of the whole `mixmatch` command, with an output that is no terminal. */
export function wholeProgram(): Promise<Command> {
  return createProgram({
    env: {},
    cwd: '/',
    mainScript: 'mixmatch',
    stdout: createOutput(new PassThrough()),
    stderr: createOutput(new PassThrough()),
    setExitCode: () => {},
  })
}

/** The man pages by their file names in `etc/man`. */
export async function manPages(): Promise<ReadonlyMap<string, string>> {
  return manPagesOf(await wholeProgram())
}
