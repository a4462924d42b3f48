/** A timer that expires if there is no activity. */
export interface IdleTimer {
  /** Expire after this many milliseconds without a `touch`; 0 for no limit. */
  start(ms: number): void
  touch(): void
  /** Do not expire until the next `start`, which follows soon. */
  suspend(): void
  /** Do not expire, and free the timer of Node. */
  stop(): void
}

/**
 * Create an idle timer. Two details:
 *
 * - To set and clear a timer of Node takes longer than to note when it should expire. So a timer that fires
 *   too early is set again for the rest of the time.
 * - A process that was busy for longer than the limit runs its timers before it reads data that has
 *   arrived. So the timer lets Node read waiting data first, and only then expires.
 */
export function createIdleTimer(onIdle: () => void): IdleTimer {
  let timer: NodeJS.Timeout | undefined
  let firesAt = 0
  let limitMs = 0
  let expiresAt = Infinity

  function set(ms: number, now: number): void {
    clearTimeout(timer)
    firesAt = now + ms
    timer = setTimeout(fire, ms).unref()
  }

  function fire(): void {
    const found = expiresAt
    const now = performance.now()
    timer = undefined
    if (found === Infinity) return
    if (found > now) {
      set(found - now, now)
      return
    }
    setImmediate(() => {
      if (expiresAt === found) onIdle()
      else if (timer === undefined && expiresAt !== Infinity) set(expiresAt - now, now)
    })
  }

  return {
    start(ms) {
      limitMs = ms
      if (ms === 0) {
        expiresAt = Infinity
        return
      }
      const now = performance.now()
      expiresAt = now + ms
      if (timer === undefined || firesAt > expiresAt) set(ms, now)
    },
    touch() {
      if (expiresAt !== Infinity) expiresAt = performance.now() + limitMs
    },
    suspend() {
      expiresAt = Infinity
    },
    stop() {
      expiresAt = Infinity
      clearTimeout(timer)
      timer = undefined
    },
  }
}
