import * as z from 'zod'
import { ownEventTypes } from '../event/event.js'
import { parseTime } from '../event/time.js'
import { parseJson } from '../json.js'
import type { RecorderNote } from './recorder-notes.js'

/** A time in which the recorder may have missed notifications of a cloud, according to its own events. */
export interface Gap {
  readonly cloud: string
  readonly from: number | null
  /** Null if it is not over. */
  readonly until: number | null
  readonly what: string
  /** The recorder's event about it. */
  readonly position: number
}

const meaning: Readonly<Record<string, string>> = {
  [ownEventTypes.queueDeclared]: 'the queue was declared anew: what came before it was not kept',
  [ownEventTypes.exchangeRedeclared]:
    'an exchange was gone: what came before we were bound again is lost',
}

/** Find all gaps, in the order of their events. Only events of the recorder itself count. */
export function findGaps(notes: readonly RecorderNote[]): Gap[] {
  const lost = new Map<string, RecorderNote>()
  const gaps: Gap[] = []
  for (const note of notes) {
    const { cloud, event_type, position, recorded_at, body } = note
    const possible = possibleGap(body)
    if (possible) {
      gaps.push({ cloud, position, ...possible, what: meaning[event_type] ?? event_type })
    }
    const bus = `${cloud} ${busIn(body)}`
    const since = lost.get(bus)
    if (event_type === ownEventTypes.busLost && !since) lost.set(bus, note)
    if (event_type === ownEventTypes.busConnected && since) {
      gaps.push(outage(since, recorded_at, 'the bus was lost; its queue kept what came'))
      lost.delete(bus)
    }
  }
  const lasting = [...lost.values()].map(note =>
    outage(note, null, 'the bus was lost, and still is'),
  )
  return [...gaps, ...lasting].sort((one, other) => one.position - other.position)
}

function outage(
  { cloud, position, recorded_at }: RecorderNote,
  until: number | null,
  what: string,
): Gap {
  return { cloud, position, from: recorded_at, until, what }
}

const noted = z.object({
  possible_gap: z.object({ from: z.string().nullable(), to: z.string() }).nullable(),
})

const about = z.object({ bus: z.string() })

/** The bus that a note is about; empty if the cloud has only one. */
function busIn(body: string): string {
  return about.safeParse(parseJson(body)).data?.bus ?? ''
}

/** The gap in the body of a recorder's event: `{"possible_gap": {"from": "2026-…Z", "to": "2026-…Z"}}`. */
function possibleGap(body: string): Pick<Gap, 'from' | 'until'> | null {
  const { data } = noted.safeParse(parseJson(body))
  if (!data?.possible_gap) return null
  const { from, to } = data.possible_gap
  return { from: from === null ? null : parseTime(from), until: parseTime(to) }
}
