import { closeSync, openSync } from 'node:fs'

/** Why a process ends: SIGTERM (systemd, `kill`), SIGINT (Ctrl-C), its parent or terminal is gone. */
export type StopReason = 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'disconnect'

/** What the signals of a process ask it to do. */
export interface Signals {
  /** Settles when this process is asked to end. Whoever asks twice by hand gets it at once. */
  readonly stop: Promise<StopReason>
  /** Call this at every SIGHUP (`systemctl reload`, `kill -HUP`). */
  onReload(listener: () => void): void
}

/** Listen to the signals of a process that stands for itself. */
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
    process.channel?.unref() // a parent that talks to us does not keep us when we are done
    process.on('SIGHUP', () => {
      // The kernel sends the same when a terminal is closed, with nobody left to read a reload's log.
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
 * Settles when the supervisor of this process asks it to end, or is gone. A terminal's Ctrl-C and
 * hang-up reach every process that was started from it; who ends when is for the supervisor to say.
 */
export function waitForSupervisorStop(): Promise<StopReason> {
  process.on('SIGINT', () => {})
  process.on('SIGHUP', () => {})
  return new Promise(resolve => {
    process.once('SIGTERM', () => resolve('SIGTERM'))
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
