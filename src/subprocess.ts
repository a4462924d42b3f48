import { fork } from 'node:child_process'
import { on, once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

/** How many processes should share a work of so many units, of which each is to have at least so many. */
export function mostProcesses(units: number, each: number): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(units / each)))
}

/** A process that does a part of a long work. */
interface Subprocess<Result> {
  /**
   * What it has done next, as soon as it has.
   *
   * @throws Error where the process has ended before
   */
  next(): Promise<Result>
}

/**
 * Have a part of a long work done by a process of its own, so that another core does it.
 *
 * @param script the URL of a module that hands what is to be done to `serveSubprocess`
 * @returns once the process knows what to do: this one may then be busy itself
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
  ended.catch(() => {}) // it is waited for later
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

/** The other side of `startSubprocess`: what the module that it starts calls. */
export function serveSubprocess<Task, Result>(work: (task: Task) => Iterable<Result>): void {
  process.once('message', task => {
    for (const result of work(task as Task)) process.send?.(result)
  })
}
