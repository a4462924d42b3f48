/** Thrown by the check of a `limitTime`. */
export class TimeLimitReached extends Error {}

/** The clock is read once for this number of calls, because each call is short. */
const CALLS_PER_READING = 256

/**
 * A check that throws when the time is up, to be called often during a long computation.
 *
 * @param clock milliseconds
 */
export function limitTime(maxMs: number, clock: () => number): () => void {
  const until = clock() + maxMs
  let calls = 0
  return () => {
    calls += 1
    if (calls % CALLS_PER_READING === 0 && clock() > until) {
      throw new TimeLimitReached(`it could not be read in ${maxMs} ms`)
    }
  }
}
