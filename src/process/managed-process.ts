import type { ChildProcess } from 'node:child_process'
import type { ChildMessage, ProcessStatus, SupervisorMessage } from './child-messages.js'

/** A child process from its start to its exit, as the supervisor sees it. */
export interface ManagedProcess {
  readonly pid: number | undefined
  /** When it was started, by `performance.now()`. */
  readonly startedAt: number
  /** Settles with true when the process reports that it is ready, with false if it exits before. */
  readonly ready: Promise<boolean>
  /** Settles when it has exited and all its messages have been read. */
  readonly exited: Promise<Exit>
  isReady(): boolean
  /** When it was started or last sent a message, by `performance.now()`. */
  lastHeardAt(): number
  /** Its last report; null before the first. */
  lastStatus(): ProcessStatus | null
  /** Request its status; null if it does not answer within `timeoutMs`, or exits. */
  askStatus(timeoutMs: number): Promise<ProcessStatus | null>
  /** Send a command. Nothing happens if it has exited. */
  send(message: SupervisorMessage): void
  kill(signal: NodeJS.Signals): void
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The reason that the process gave for its end; null if it gave none. */
  readonly reason: string | null
}

/** Watch a child process that was just started. */
export function manageProcess(child: ChildProcess): ManagedProcess {
  const startedAt = performance.now()
  /** Status requests without an answer so far. */
  const waiting = new Set<(status: ProcessStatus | null) => void>()
  let isReady = false
  let reason: string | null = null
  let lastHeardAt = startedAt
  let lastStatus: ProcessStatus | null = null
  let resolveReady = () => {}
  const becameReady = new Promise<void>(resolve => {
    resolveReady = resolve
  })

  child.on('message', (message: ChildMessage) => {
    lastHeardAt = performance.now()
    if (message.type === 'ready') {
      isReady = true
      resolveReady()
    } else if (message.type === 'failed') {
      reason = message.reason
    } else {
      lastStatus = message.status
      for (const settle of waiting) settle(message.status)
    }
  })
  const exited = new Promise<Exit>(resolve => {
    child.once('exit', (code, signal) => {
      for (const settle of waiting) settle(null)
      const settle = () => resolve({ code, signal, reason })
      // The last messages may still be in the channel.
      if (child.connected) child.once('disconnect', settle)
      else settle()
    })
    child.on('error', error => {
      // It never started: the system has too many processes, or too little memory.
      if (child.pid === undefined) resolve({ code: 1, signal: null, reason: error.message })
    })
  })

  return {
    pid: child.pid,
    startedAt,
    ready: Promise.race([becameReady.then(() => true), exited.then(() => false)]),
    exited,
    isReady: () => isReady,
    lastHeardAt: () => lastHeardAt,
    lastStatus: () => lastStatus,
    askStatus(timeoutMs) {
      return new Promise(resolve => {
        const settle = (status: ProcessStatus | null) => {
          clearTimeout(timer)
          waiting.delete(settle)
          resolve(status)
        }
        const timer = setTimeout(() => settle(null), timeoutMs)
        waiting.add(settle)
        if (child.connected) child.send('status' satisfies SupervisorMessage, () => {})
        else settle(null)
      })
    },
    send(message) {
      if (child.connected) child.send(message, () => {})
    },
    kill: signal => void child.kill(signal),
  }
}
