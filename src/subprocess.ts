import { fork } from 'node:child_process'
import { on, once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

/** The number of processes for work of this many units, so that each process gets at least `each` units. */
export function mostProcesses(units: number, each: number): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(units / each)))
}

/** A process that does a part of a long task. */
interface Subprocess<Result> {
  /**
   * Wait for the next result of the process.
   *
   * @throws Error if the process ends before it has one
   */
  next(): Promise<Result>
}

/**
 * Start a process that does a part of a long task on another core.
 *
 * @param script the URL of a module that calls `serveSubprocess` with the function that does the work
 * @returns after the process has received the task. Then the calling process may block.
 */
export async function startSubprocess<Task, Result>(
  script: string,
  task: Task,
): Promise<Subprocess<Result>> {
  const child = fork(fileURLToPath(script), {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const results = on(child, 'message', { close: ['close'] })
  const ended = once(child, 'close')
  ended.catch(() => {}) // `next` awaits it later
  await new Promise<void>(resolve => child.send(task as object, () => resolve()))
  return {
    async next() {
      const { done, value } = await results.next()
      if (!done) return value[0]
      const [code, signal] = await ended
      throw new Error(`a process that had a part of the work ended: ${signal ?? code}`)
    },
  }
}

/** The counterpart of `startSubprocess`, called by the started module. */
export function serveSubprocess<Task, Result>(work: (task: Task) => Iterable<Result>): void {
  process.once('message', task => {
    // The callback takes the error of a process that has gone. Without it, the error would be uncaught.
    for (const result of work(task as Task)) process.send?.(result, () => {})
  })
}
