import { z } from 'zod'
import { ownEventTypes } from '../event/event.js'
import { parseTime } from '../event/time.js'
import { parseJson } from '../json.js'
import type { RecorderNote } from './recorder-notes.js'

/** A time in which notifications of a cloud may have been missed, as the recorder noted it. */
export interface Gap {
  readonly cloud: string
  readonly from: number | null
  /** Null where it is not over. */
  readonly until: number | null
  readonly what: string
  /** The event of the recorder that says so. */
  readonly position: number
}

const meaning: Readonly<Record<string, string>> = {
  [ownEventTypes.queueDeclared]: 'the queue was declared anew: what came before it was not kept',
  [ownEventTypes.exchangeRedeclared]:
    'an exchange was gone: what came before we were bound again is lost',
}

/** All gaps in the order of their events. Only events of the recorder itself count. */
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

/** Which of several buses of its cloud a note is about; empty for an only one. */
function busIn(body: string): string {
  return about.safeParse(parseJson(body)).data?.bus ?? ''
}

/** The gap that an event of the recorder tells of: `{"possible_gap": {"from": "2026-…Z", "to": "2026-…Z"}}`. */
function possibleGap(body: string): Pick<Gap, 'from' | 'until'> | null {
  const { data } = noted.safeParse(parseJson(body))
  if (!data?.possible_gap) return null
  const { from, to } = data.possible_gap
  return { from: from === null ? null : parseTime(from), until: parseTime(to) }
}
