/** A timer that expires if there is no activity. */
interface IdleTimer {
  /** Expire after this many milliseconds without a `touch`; 0 for no limit. */
  start(ms: number): void
  touch(): void
  stop(): void
}

/**
 * A process that was busy for longer than the limit runs its timers before it reads data that has
 * arrived. So the timer lets Node read waiting data first, and only then expires.
 */
export function createIdleTimer(onIdle: () => void): IdleTimer {
  let timer: NodeJS.Timeout | undefined
  let isExpired = false

  function expire(): void {
    isExpired = true
    setImmediate(() => {
      if (isExpired) onIdle()
    })
  }

  return {
    start(ms) {
      clearTimeout(timer)
      isExpired = false
      timer = ms > 0 ? setTimeout(expire, ms) : undefined
    },
    touch() {
      isExpired = false
      timer?.refresh()
    },
    stop() {
      clearTimeout(timer)
      isExpired = false
      timer = undefined
    },
  }
}
