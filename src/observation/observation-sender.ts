import { createConnection, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Logger } from 'pino'
import * as z from 'zod'
import { createBackoff } from '../backoff.js'
import type { Event } from '../event/event.js'
import { parseJson } from '../json.js'
import type { Observation } from './observation.js'

/** How many observations a worker keeps while there is no recorder. Beyond it the oldest is dropped. */
export const MAX_WAITING = 10_000
const RECONNECTING = { firstMs: 500, capMs: 1000 }

const answer = z.object({ appended: z.int() })

/** Sends what a worker observes to the recorder. */
export interface ObservationSender extends Disposable {
  /** Send an observation. It is sent again until the recorder confirms that it is appended. */
  send(observation: Observation): void
  /** Send an event of the proxy in the same way. */
  sendEvent(event: Event): void
}

/** The content of a line that the recorder has not confirmed. */
type Unconfirmed = { readonly observation: Observation } | { readonly events: readonly [Event] }

/**
 * Connect to the recorder, and retry until it accepts the connection.
 *
 * @param onSettled called when an observation is in the log and in the views, or was dropped
 */
export function openObservationSender(
  path: string,
  onSettled: (observation: Observation, isRecorded: boolean) => void,
  logger: Logger,
): ObservationSender {
  const waiting = new Map<number, Unconfirmed>()
  let sent = 0
  let socket: Socket | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false
  const backoff = createBackoff(RECONNECTING)

  function settle(n: number, isRecorded: boolean): void {
    const settled = waiting.get(n)
    waiting.delete(n)
    if (settled && 'observation' in settled) onSettled(settled.observation, isRecorded)
  }

  function write(n: number, unconfirmed: Unconfirmed): void {
    if (socket?.readyState === 'open') socket.write(`${JSON.stringify({ n, ...unconfirmed })}\n`)
  }

  function connect(): void {
    const fresh = createConnection(path)
    socket = fresh
    fresh.unref()
    fresh.on('connect', () => {
      backoff.reset()
      for (const [n, unconfirmed] of waiting) write(n, unconfirmed)
    })
    fresh.on('error', error =>
      logger.debug({ err: error }, 'there is no recorder to send observations to'),
    )
    fresh.on('close', () => {
      if (closed) return
      timer = setTimeout(connect, backoff.nextMs())
      timer.unref()
    })
    createInterface({ input: fresh })
      .on('line', text => settle(answer.parse(parseJson(text)).appended, true))
      .on('error', () => {}) // the socket emits the same error too
  }

  function sendUntilConfirmed(unconfirmed: Unconfirmed): void {
    sent += 1
    waiting.set(sent, unconfirmed)
    const [oldest] = waiting.keys()
    if (waiting.size > MAX_WAITING && oldest !== undefined) {
      logger.warn(
        { ...waiting.get(oldest) },
        'no recorder takes observations: the oldest is dropped',
      )
      settle(oldest, false)
    }
    write(sent, unconfirmed)
  }

  connect()
  return {
    send: observation => sendUntilConfirmed({ observation }),
    sendEvent: event => sendUntilConfirmed({ events: [event] }),
    [Symbol.dispose]() {
      closed = true
      clearTimeout(timer)
      socket?.destroy()
    },
  }
}
