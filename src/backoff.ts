/** How long to wait before a retry: exponential backoff with full jitter. */
export interface BackoffOptions {
  /** The longest first wait, in milliseconds. */
  readonly firstMs: number
  /** The longest wait of all, in milliseconds. */
  readonly capMs: number
}

/** Counts failures in a row, and says how long to wait after each. */
interface Backoff {
  /** After one more failure: milliseconds until the next try. */
  nextMs(): number
  /** It worked: the wait after the next failure is a short one. */
  reset(): void
  /** How many failures in a row there were. */
  failures(): number
}

/**
 * The bound of the wait doubles with each failure up to the cap, and the wait is any time up to the
 * bound, so that many clients of one server do not return at the same time.
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
      const bound = Math.min(capMs, firstMs * 2 ** Math.min(failures, MOST_DOUBLINGS))
      failures += 1
      return Math.round(random() * bound)
    },
    reset() {
      failures = 0
    },
    failures: () => failures,
  }
}

/** More would be beyond any cap, and in the end beyond all numbers. */
const MOST_DOUBLINGS = 30
