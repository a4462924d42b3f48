import Database from 'better-sqlite3'
import '../../src/commands/log/log-command.js'
import { mixmatch, type Run } from '../commands/run-command.js'

/**
 * Runs commands one after another as a user who may not write. A message starts each command, and the
 * reply has its result. Modules are loaded before the user changes, because that user may not read them.
 */
new Database(':memory:').close()
await mixmatch(process.cwd(), '--help')

process.once('message', async ({ folder, commands }: { folder: string; commands: string[][] }) => {
  if (process.getuid?.() === 0) {
    process.setgid?.(65534)
    process.setuid?.(65534)
  }
  const runs: Run[] = []
  for (const command of commands) runs.push(await mixmatch(folder, ...command))
  process.send?.(runs, () => process.exit())
})
