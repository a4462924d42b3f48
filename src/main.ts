#!/usr/bin/env node
// These imports must load on any Node: the check below runs before anything else is loaded.
import { inspect } from 'node:util'
import { unsupportedNode } from './node-version.js'

const unsupported = unsupportedNode(process.versions.node)
if (unsupported === null) await run().catch(endWithFault)
else {
  process.stderr.write(`mixmatch: ${unsupported}\n`)
  process.exitCode = 2
}

async function run(): Promise<void> {
  const { runMixmatch } = await import('./commands/program.js')

  // The reader of our output may have closed the pipe: `mixmatch log export | head`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })

  process.exitCode = await runMixmatch(process.argv.slice(2), {
    env: process.env,
    cwd: process.cwd(),
    mainScript: process.argv[1] ?? 'mixmatch',
    stdout: process.stdout,
    stderr: process.stderr,
  })
  // Without this, the channel to the supervisor would keep a child process alive after its end.
  if (process.argv.includes('--supervised')) process.exit()
}

/** Print a bug with its stack. Its text may come from a cloud, so a terminal must not execute escapes in it. */
async function endWithFault(error: unknown): Promise<void> {
  const { visibleText } = await import('./visible-text.js')
  process.stderr.write(`${visibleText(inspect(error))}\n`)
  process.exit(1)
}
