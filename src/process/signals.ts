import { closeSync, openSync } from 'node:fs'

/** Why a process stops: SIGTERM (systemd, `kill`), SIGINT (Ctrl-C), or its parent or terminal is gone. */
type StopReason = 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'disconnect'

/** The signals that a process receives. */
export interface Signals {
  /** Settles when this process must stop. A second Ctrl-C ends it at once. */
  readonly stop: Promise<StopReason>
  /** Call this at every SIGHUP (`systemctl reload`, `kill -HUP`). */
  onReload(listener: () => void): void
}

/** Listen to the signals of a process that has no supervisor. */
export function listenToSignals(): Signals {
  const hadTerminal = hasTerminal()
  let asked = false
  let reload = () => {}
  const stop = new Promise<StopReason>(resolve => {
    const stopping = (reason: StopReason) => () => {
      if (asked && reason === 'SIGINT') process.exit(130)
      asked = true
      resolve(reason)
    }
    process.on('SIGTERM', stopping('SIGTERM'))
    process.on('SIGINT', stopping('SIGINT'))
    process.once('disconnect', stopping('disconnect'))
    process.channel?.unref() // a channel to the parent must not keep a finished process alive
    process.on('SIGHUP', () => {
      // The kernel also sends SIGHUP when the terminal is closed. Then the process must stop.
      if (hadTerminal && !hasTerminal()) stopping('SIGHUP')()
      else reload()
    })
  })
  return {
    stop,
    onReload(listener) {
      reload = listener
    },
  }
}

/**
 * Settles when the supervisor stops this process, or has exited. A terminal sends SIGINT and SIGHUP to
 * all processes. They are ignored here, because the supervisor decides which process stops when. SIGTERM
 * can come twice: `timeout` and some process managers also send it to the whole process group.
 */
export function waitForSupervisorStop(): Promise<StopReason> {
  process.on('SIGINT', () => {})
  process.on('SIGHUP', () => {})
  // node:cluster writes to the supervisor without a callback. If that has just died, `disconnect` follows.
  process.on('error', () => {})
  return new Promise(resolve => {
    process.on('SIGTERM', () => resolve('SIGTERM'))
    process.once('disconnect', () => resolve('disconnect'))
  })
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}
