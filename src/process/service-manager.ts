import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Logger } from 'pino'

/** How systemd is told what it cannot see, where a unit of `Type=notify` started this process. */
export interface ServiceManager {
  /** The work is being done, for the first time or again after `reloading`. */
  ready(status: string): Promise<void>
  reloading(): Promise<void>
  stopping(): Promise<void>
  /** The process is alive: with `WatchdogSec=`, more often than that. */
  alive(): Promise<void>
  /** How often to say `alive`, in milliseconds; null where nobody waits for it. */
  readonly watchdogMs: number | null
}

export interface ServiceManagerOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly logger: Logger
  /** What carries the words there: Node has no sockets of that kind (Unix, datagram). */
  readonly program?: string
}

/**
 * The protocol of `sd_notify(3)`, by way of the program `systemd-notify`; nothing at all where the
 * environment names no socket. The unit needs `NotifyAccess=all`, because it is a child that speaks.
 */
export function createServiceManager({
  env,
  logger,
  program = 'systemd-notify',
}: ServiceManagerOptions): ServiceManager {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: micros, WATCHDOG_PID: watched } = env
  const run = promisify(execFile)
  let said: Promise<void> = Promise.resolve()

  /** One after another: READY must not overtake RELOADING. */
  function say(...assignments: string[]): Promise<void> {
    if (!socket) return said
    said = said.then(async () => {
      try {
        await run(program, assignments, { env: { ...env } })
      } catch (error) {
        logger.warn({ err: error, said: assignments }, 'systemd could not be told')
      }
    })
    return said
  }

  const isWatched = socket && micros && (watched === undefined || Number(watched) === process.pid)
  return {
    ready: status => say('READY=1', `STATUS=${status}`),
    reloading: () => say('RELOADING=1', `MONOTONIC_USEC=${monotonicMicros()}`, 'STATUS=reloading'),
    stopping: () => say('STOPPING=1', 'STATUS=finishing what is running'),
    alive: () => say('WATCHDOG=1'),
    // systemd.service(5): half of it, so that one late word is not the end.
    watchdogMs: isWatched ? Number(micros) / 2000 : null,
  }
}

/** By CLOCK_MONOTONIC, as systemd reads it; Node's clock is that one. */
function monotonicMicros(): bigint {
  return process.hrtime.bigint() / 1000n
}
