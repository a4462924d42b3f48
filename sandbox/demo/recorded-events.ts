import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import type { Outcome } from '../mixmatch-process.js'

const eventLine = z.object({
  service_provider: z.string(),
  event_type: z.string(),
  resource: z.object({ type: z.string(), id: z.string() }).nullable(),
})
/** An event as `mixmatch log tail --format json` prints it. */
export type RecordedLine = z.infer<typeof eventLine>

const POLL_MS = 200

/**
 * Wait until the event log contains the expected events.
 *
 * @param missing names what is still missing; null when nothing is
 * @throws Error naming what is missing at the deadline
 */
export async function untilRecorded(
  run: (...args: readonly string[]) => Promise<Outcome>,
  missing: (events: readonly RecordedLine[]) => string | null,
  withinMs: number,
): Promise<void> {
  const deadline = Date.now() + withinMs
  for (;;) {
    const { stdout } = await run('log', 'tail', '-n', '1000', '--format', 'json')
    const lines = stdout.split('\n').filter(line => line !== '')
    const lacking = missing(lines.map(line => eventLine.parse(JSON.parse(line))))
    if (lacking === null) return
    if (Date.now() > deadline) throw new Error(`${lacking} was not recorded`)
    await setTimeout(POLL_MS)
  }
}
