import { keepAliveSeconds } from './body-framing.js'
import type { ResponseHead } from './response-head.js'

/** Shorter than the 5 s after which Apache and Node close an idle connection. */
const IDLE_LIMIT_MS = 4000
/** The server counts from its own last byte, and its close takes time to arrive here. */
const MARGIN_MS = 1000

/** How long a connection may be idle and still be used. */
export class KeepAlive {
  #limitMs = IDLE_LIMIT_MS
  #idleSinceMs = 0
  /** Whether the server has said for how long it keeps the connection. */
  isDeclared = false

  /** Read the Keep-Alive header of a response. */
  update(head: ResponseHead): void {
    const seconds = keepAliveSeconds(head)
    this.isDeclared = seconds !== null
    this.#limitMs = Math.min(IDLE_LIMIT_MS, (seconds ?? Infinity) * 1000 - MARGIN_MS)
  }

  startIdle(nowMs: number): void {
    this.#idleSinceMs = nowMs
  }

  isExpired(nowMs: number): boolean {
    return nowMs - this.#idleSinceMs >= this.#limitMs
  }
}
