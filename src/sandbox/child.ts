import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'

/** How long a process may take to end when it is asked to. */
const PATIENCE_MS = 15_000

/**
 * Ask a child process to end, and after a while make it. `group` means the whole process group that
 * it leads, which is right for one that was started `detached`.
 */
export async function endProcess(child: ChildProcess, { group = false } = {}): Promise<void> {
  const { pid } = child
  if (pid === undefined) return
  const target = group ? -pid : pid
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'exit')
    signal(target, 'SIGTERM')
    const giveUp = new AbortController()
    await Promise.race([
      ended.finally(() => giveUp.abort()),
      setTimeout(PATIENCE_MS, undefined, { signal: giveUp.signal }).catch(() => {}),
    ])
  }
  if (group || child.exitCode === null) signal(target, 'SIGKILL')
}

function signal(target: number, name: NodeJS.Signals): void {
  try {
    process.kill(target, name)
  } catch {
    // It has ended already.
  }
}
