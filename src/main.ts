#!/usr/bin/env node
import { runMixmatch } from './commands/mixmatch.js'

// Whoever reads our output may have seen enough: `mixmatch log export | head`.
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
