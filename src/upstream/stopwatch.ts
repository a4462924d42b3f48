/** Measures the time in which at least one of several things runs. */
interface Stopwatch {
  /** @returns the milliseconds before this start */
  start(): number
  /** End what one `start` began. */
  stop(): void
}

/** @param now milliseconds of a clock that never goes back */
export function createStopwatch(now: () => number): Stopwatch {
  let running = 0
  let since = 0
  let total = 0
  const elapsed = () => total + (running > 0 ? now() - since : 0)
  return {
    start() {
      const before = elapsed()
      if (running === 0) since = now()
      running += 1
      return before
    },
    stop() {
      if (running === 1) total = elapsed()
      running -= 1
    },
  }
}
