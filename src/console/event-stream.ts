import { setTimeout } from 'node:timers/promises'
import type { ConsoleResponse } from './console-request.js'
import { showEventRows } from './event-table.js'
import type { PageRequest } from './page-request.js'
import { chosenFilters } from './pages/events-page.js'

const POLL_MS = 500
/** A comment keeps proxies from closing a silent connection. */
const KEEP_ALIVE_POLLS = 30
const MOST_AT_ONCE = '200'

/** `/console/events/stream?after=4182`: rows of the table, as server-sent events of the name `rows`. */
export function streamEvents(request: PageRequest, signal: AbortSignal): ConsoleResponse {
  return {
    status: 200,
    headers: { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' },
    body: streamRows(request, signal),
  }
}

async function* streamRows(
  { ask, query, look }: PageRequest,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const chosen = chosenFilters(query)
  let after = query.get('after') ?? '0'
  for (let polls = 0; !signal.aborted; polls += 1) {
    const parameters = { ...chosen, order: 'oldest', cursor: after, limit: MOST_AT_ONCE }
    const { events, searched } = await ask('events', parameters)
    const end = Math.max(Number(after), searched.to)
    after = String(end)
    if (events.length > 0) {
      const rows = showEventRows(events, look).map(({ text }) => text)
      yield `id: ${end}\nevent: rows\ndata: ${JSON.stringify(rows)}\n\n`
    } else if (polls % KEEP_ALIVE_POLLS === 0) yield ': waiting\n\n'
    await setTimeout(POLL_MS, undefined, { signal }).catch(() => undefined)
  }
}
