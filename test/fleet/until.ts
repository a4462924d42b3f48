import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 50

/** Wait until a condition is true. @throws Error with this text when time is up */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  patienceMs = 30_000,
): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited ${patienceMs / 1000} s until ${what}`)
    await sleep(POLL_MS)
  }
}
