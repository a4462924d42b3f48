import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Wait until a condition is true.
 *
 * @param what the condition in words, for the error
 * @throws Error with these words when the time is up; what `holds` throws
 */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
  pollMs = 20,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs / 1000} s until ${what}`)
    await sleep(pollMs)
  }
}

/** As `until`, for ten seconds and with the code of the condition in the error. */
export function untilTrue(holds: () => boolean | Promise<boolean>): Promise<void> {
  return until(String(holds), holds, 10_000, 5)
}
