import type { ChildProcess } from 'node:child_process'

/** What a child says over its channel when it is at work. */
export const READY = 'ready'

/** Tell the process that started this one, if it listens, that it is at work. */
export function sayReady(): void {
  process.send?.(READY)
}

/** One process from its start to its end. */
export interface Run {
  readonly process: ChildProcess
  /** By `performance.now()`. */
  readonly begun: number
  /** Settles when it said so; false where it ended before. */
  readonly atWork: Promise<boolean>
  readonly gone: Promise<Exit>
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Watch a process that was just started. */
export function watch(process: ChildProcess): Run {
  const gone = new Promise<Exit>(resolve => {
    process.once('exit', (code, signal) => resolve({ code, signal }))
    // It never started: there are too many processes, or too little memory.
    process.once('error', () => {
      if (process.pid === undefined) resolve({ code: 1, signal: null })
    })
  })
  const atWork = new Promise<boolean>(resolve => {
    process.on('message', message => {
      if (message === READY) resolve(true)
    })
    void gone.then(() => resolve(false))
  })
  return { process, begun: performance.now(), atWork, gone }
}
