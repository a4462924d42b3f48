/** A timer for something that should keep moving. */
interface IdleTimer {
  /** From now on, no more than so many milliseconds may pass without a `touch`; 0 for no limit. */
  start(ms: number): void
  touch(): void
  stop(): void
}

/**
 * A process that was busy for longer than the limit runs its timers before it reads what has come
 * meanwhile. So what is waiting is read first, and only then is the time over.
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
