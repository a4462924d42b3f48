/** Thrown by the check of a `limitTime`. */
export class TimeLimitReached extends Error {}

/** The clock is read once for so many calls: they are many, and each is short. */
const CALLS_PER_READING = 256

/**
 * A check to be called again and again in a long piece of work, which throws once the time is up.
 *
 * @param clock milliseconds
 */
export function limitTime(mostMs: number, clock: () => number): () => void {
  const until = clock() + mostMs
  let calls = 0
  return () => {
    calls += 1
    if (calls % CALLS_PER_READING === 0 && clock() > until)
      throw new TimeLimitReached(`it could not be read in ${mostMs} ms`)
  }
}
