#!/usr/bin/env node
import { runMixmatch } from './commands/mixmatch.js'

process.exitCode = await runMixmatch(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  mainScript: process.argv[1] ?? 'mixmatch',
  stdout: process.stdout,
  stderr: process.stderr,
})
