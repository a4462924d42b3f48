import { setTimeout as sleep } from 'node:timers/promises'

/** A busy machine is late by many seconds. Nobody waits longer than it takes. */
const PATIENCE_MS = 120_000

/**
 * Wait until a condition is true. It must stay true: one that passes again may be over before anybody looks.
 *
 * @param what the condition in words, for the error
 * @throws Error with these words when the time is up; what `holds` throws
 */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = PATIENCE_MS,
  pollMs = 20,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs / 1000} s until ${what}`)
    await sleep(pollMs)
  }
}

/** As `until`, with the code of the condition in the error. */
export function untilTrue(holds: () => boolean | Promise<boolean>): Promise<void> {
  return until(String(holds), holds, PATIENCE_MS, 5)
}
