import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Logger } from 'pino'

/** Notifies systemd, if a unit of `Type=notify` started this process. */
interface ServiceManager {
  /** The service is ready: after the start, or again after `reloading`. */
  ready(status: string): Promise<void>
  reloading(): Promise<void>
  stopping(): Promise<void>
  /** The process is alive: call this more often than `WatchdogSec=`. */
  alive(): Promise<void>
  /** How often to call `alive`, in milliseconds; null if the unit has no watchdog. */
  readonly watchdogMs: number | null
}

interface ServiceManagerOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly logger: Logger
  /** The program that sends the notifications: Node has no Unix datagram sockets. */
  readonly program?: string
}

/**
 * Send the notifications of `sd_notify(3)` through the program `systemd-notify`. Without NOTIFY_SOCKET in
 * the environment nothing happens. The unit needs `NotifyAccess=all`, because a child process notifies.
 */
export function createServiceManager({
  env,
  logger,
  program = 'systemd-notify',
}: ServiceManagerOptions): ServiceManager {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: micros, WATCHDOG_PID: watched } = env
  const run = promisify(execFile)
  let last: Promise<void> = Promise.resolve()

  /** Notifications are sent one after another: READY must not overtake RELOADING. */
  function notify(...assignments: string[]): Promise<void> {
    if (!socket) return last
    last = last.then(async () => {
      try {
        await run(program, assignments, { env: { ...env } })
      } catch (error) {
        logger.warn({ err: error, assignments }, 'systemd could not be notified')
      }
    })
    return last
  }

  const isWatched = socket && micros && (watched === undefined || Number(watched) === process.pid)
  return {
    ready: status => notify('READY=1', `STATUS=${status}`),
    reloading: () =>
      notify('RELOADING=1', `MONOTONIC_USEC=${monotonicMicros()}`, 'STATUS=reloading'),
    stopping: () => notify('STOPPING=1', 'STATUS=finishing what is running'),
    alive: () => notify('WATCHDOG=1'),
    // sd_watchdog_enabled(3) recommends half of the interval.
    watchdogMs: isWatched ? Number(micros) / 2000 : null,
  }
}

/** The time of CLOCK_MONOTONIC, which systemd expects. `process.hrtime` reads the same clock. */
function monotonicMicros(): bigint {
  return process.hrtime.bigint() / 1000n
}
