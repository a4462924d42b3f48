import { closeSync, openSync } from 'node:fs'

/** Why a process stops: SIGTERM (systemd, `kill`), SIGINT (Ctrl-C), or its parent or terminal is gone. */
type StopReason = 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'disconnect'

/** What the signals of a process ask it to do. */
export interface Signals {
  /** Settles when this process is asked to stop. A second Ctrl-C ends it at once. */
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
      // The kernel sends SIGHUP also when the terminal is closed: that is a stop.
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
 * Settles when the supervisor of this process asks it to stop, or is gone. A terminal sends Ctrl-C and
 * hang-up to all processes; those are ignored here, because the supervisor decides who stops when.
 * `timeout` and process managers that signal a whole group send SIGTERM too, so it can come twice.
 */
export function waitForSupervisorStop(): Promise<StopReason> {
  process.on('SIGINT', () => {})
  process.on('SIGHUP', () => {})
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
