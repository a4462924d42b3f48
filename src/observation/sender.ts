import { createConnection, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Logger } from 'pino'
import { z } from 'zod'
import { createBackoff } from '../backoff.js'
import type { Event } from '../event/event.js'
import { parseJson } from '../json.js'
import type { Observation } from './observation.js'

/** How much a worker keeps while no recorder takes it; beyond, the oldest is given up. */
export const KEPT = 10_000
const RECONNECTING = { firstMs: 500, capMs: 1000 }

const answer = z.object({ appended: z.int() })

/** A worker's side of the recorder's socket. */
export interface Sender extends Disposable {
  /** Hand an observation on; it is kept and sent again until the recorder says that it is appended. */
  send(observation: Observation): void
  /** Hand on an event of the proxy's own, in the same way. */
  sendEvent(event: Event): void
}

/** What the recorder is to append, as the line of JSON says it. */
type Unconfirmed = { readonly observation: Observation } | { readonly events: readonly [Event] }

/**
 * Connect to the recorder, for ever again while there is none.
 *
 * @param onSettled called when an observation is in the log and in the views, or was given up
 */
export function openSender(
  path: string,
  onSettled: (observation: Observation, isRecorded: boolean) => void,
  logger: Logger,
): Sender {
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
    fresh.on('error', error => logger.debug({ err: error }, 'no recorder takes observations'))
    fresh.on('close', () => {
      if (closed) return
      timer = setTimeout(connect, backoff.nextMs())
      timer.unref()
    })
    createInterface({ input: fresh })
      .on('line', text => settle(answer.parse(parseJson(text)).appended, true))
      .on('error', () => {}) // readline repeats the socket's own
  }

  function hand(unconfirmed: Unconfirmed): void {
    sent += 1
    waiting.set(sent, unconfirmed)
    const [oldest] = waiting.keys()
    if (waiting.size > KEPT && oldest !== undefined) {
      logger.warn({ ...waiting.get(oldest) }, 'no recorder: an observation was given up')
      settle(oldest, false)
    }
    write(sent, unconfirmed)
  }

  connect()
  return {
    send: observation => hand({ observation }),
    sendEvent: event => hand({ events: [event] }),
    [Symbol.dispose]() {
      closed = true
      clearTimeout(timer)
      socket?.destroy()
    },
  }
}
