/** Measures the time during which at least one of several tasks runs. */
interface Stopwatch {
  /** @returns the milliseconds measured before this start */
  start(): number
  /** End one `start`. */
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
