import { fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

/** How many processes should share a work of so many units, of which each is to have at least so many. */
export function mostProcesses(units: number, each: number): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(units / each)))
}

/**
 * Have a part of a long work done by a process of its own, so that another core does it.
 *
 * @param script the URL of a module that hands what is to be done to `serveApart`
 * @returns once the process knows what to do: this one may then be busy itself
 */
export async function startApart<Task, Result>(
  script: string,
  task: Task,
): Promise<{ readonly done: Promise<Result> }> {
  const child = fork(fileURLToPath(script), {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  let result: Result
  child.on('message', message => {
    result = message as Result
  })
  const done = once(child, 'close').then(([code, signal]) => {
    if (code !== 0)
      throw new Error(`a process that had a part of the work ended: ${signal ?? code}`)
    return result
  })
  done.catch(() => {}) // it is waited for later
  await new Promise<void>(resolve => child.send(task as object, () => resolve()))
  return { done }
}

/** The other side of `startApart`: what the module that it starts calls. */
export function serveApart<Task, Result>(work: (task: Task) => Result): void {
  process.once('message', task => {
    const result = work(task as Task)
    if (result !== undefined) process.send?.(result)
  })
}
