import { setTimeout as wait } from 'node:timers/promises'

/**
 * Call a probe again and again until it returns true.
 *
 * @throws after two minutes, with the text of the condition; and what `probe` throws
 */
export async function until(what: string, probe: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 120_000
  while (!(await probe())) {
    if (Date.now() > deadline) throw new Error(`waited two minutes, and still not: ${what}`)
    await wait(250)
  }
}
