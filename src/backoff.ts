/** The wait before a retry: exponential backoff with full jitter. */
export interface BackoffOptions {
  /** The longest first wait, in milliseconds. */
  readonly firstMs: number
  /** The longest wait after any number of failures, in milliseconds. */
  readonly capMs: number
}

/** Counts failures in a row, and gives the wait after each. */
interface Backoff {
  /** Count a failure; returns the milliseconds until the next try. */
  nextMs(): number
  /** Call after a success: the next wait is short again. */
  reset(): void
  /** The number of failures in a row. */
  failures(): number
}

/**
 * The limit of the wait doubles with each failure, up to the cap. The wait is a random time up to this
 * limit, so that many clients of one server do not retry at the same time.
 *
 * @param random from 0 to 1
 */
export function createBackoff(
  { firstMs, capMs }: BackoffOptions,
  random: () => number = Math.random,
): Backoff {
  let failures = 0
  return {
    nextMs() {
      const bound = Math.min(capMs, firstMs * 2 ** Math.min(failures, MAX_DOUBLINGS))
      failures += 1
      return Math.round(random() * bound)
    },
    reset() {
      failures = 0
    },
    failures: () => failures,
  }
}

/** More doublings would exceed any cap, and at last the range of numbers. */
const MAX_DOUBLINGS = 30
