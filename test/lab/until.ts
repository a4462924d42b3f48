import { setTimeout as wait } from 'node:timers/promises'

/**
 * Ask again and again until the answer is yes.
 *
 * @throws after two minutes, saying what did not come about; and what `probe` throws
 */
export async function until(what: string, probe: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 120_000
  while (!(await probe())) {
    if (Date.now() > deadline) throw new Error(`waited two minutes, and still not: ${what}`)
    await wait(250)
  }
}
