import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'

/** A child process that leads a process group of its own, so that Ctrl-C reaches it through us alone. */
export interface Group {
  readonly leader: ChildProcess
  /** Send SIGTERM to the leader, later SIGKILL to the whole group, and wait until all have ended. */
  end(): Promise<void>
}

/** How long a process may take to end after SIGTERM. */
const PATIENCE_MS = 15_000

/** Start a program. Its process group ends when this process ends, unless that is killed by SIGKILL. */
export function startGroup(program: string, args: readonly string[], options: SpawnOptions): Group {
  const leader = spawn(program, args, { ...options, detached: true })
  const kill = () => signal(leader, 'SIGKILL')
  leader.on('error', () => {}) // it has no pid then
  process.once('exit', kill)
  return {
    leader,
    async end() {
      if (!hasEnded(leader)) {
        const ended = once(leader, 'exit')
        leader.kill('SIGTERM')
        if (leader.connected) leader.disconnect() // an open channel would keep the child alive
        const giveUp = new AbortController()
        const patience = setTimeout(PATIENCE_MS, undefined, { signal: giveUp.signal })
        await Promise.race([ended, patience])
        giveUp.abort()
      }
      kill()
      process.removeListener('exit', kill)
    },
  }
}

/** Whether the process has ended, or never started. */
export function hasEnded({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null
}

function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, name)
  } catch {
    // No process of the group is left.
  }
}
