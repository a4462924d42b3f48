import type { Answers } from '../api/queries.js'
import type { Appearance } from './appearance.js'
import type { ConsoleResponse } from './console-request.js'
import { showEventRows } from './event-table.js'

type Pages = AsyncGenerator<Answers['events']>

interface RowStreamOptions {
  /** Pages of new events; they can be empty. */
  readonly pages: Pages
  readonly appearance: Appearance
  /** Called from time to time. If it throws, the stream ends: the session is over. */
  readonly readmit: () => Promise<void>
}

/** How often the token is validated again, because it can be revoked. */
const READMIT_MS = 60_000

/**
 * New events as rows of the table: server-sent events named `rows`, whose data is a JSON list of HTML.
 * Throws as the query if it rejects the filters.
 */
export async function streamRows(options: RowStreamOptions): Promise<ConsoleResponse> {
  const first = await options.pages.next()
  return {
    status: 200,
    headers: { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' },
    body: writeRows(first, options),
  }
}

async function* writeRows(
  first: Awaited<ReturnType<Pages['next']>>,
  { pages, appearance, readmit }: RowStreamOptions,
): AsyncGenerator<string> {
  try {
    let admittedAt = performance.now()
    for (let page = first; !page.done; page = await pages.next()) {
      const { events, searched } = page.value
      const rows = showEventRows(events, appearance).map(({ text }) => text)
      // A comment keeps the connection open, and shows when it broke.
      yield rows.length === 0
        ? ': no news\n\n'
        : `id: ${searched.to}\nevent: rows\ndata: ${JSON.stringify(rows)}\n\n`
      if (performance.now() - admittedAt < READMIT_MS) continue
      await readmit()
      admittedAt = performance.now()
    }
  } finally {
    await pages.return(undefined)
  }
}
