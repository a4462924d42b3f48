import { z } from 'zod'
import { ownEventTypes } from '../event/event.js'
import { parseTime } from '../event/time.js'
import { parseJson } from '../json.js'
import type { Note } from './notes.js'

/** A time in which events of a cloud may have been missed, as the recorder itself noted it. */
export interface Gap {
  readonly cloud: string
  readonly from: number | null
  /** Null where it lasts. */
  readonly until: number | null
  readonly what: string
  /** The recorder's own event that says so. */
  readonly position: number
}

const meaning: Readonly<Record<string, string>> = {
  [ownEventTypes.queueDeclared]: 'the queue was declared anew: what came before it was not kept',
  [ownEventTypes.exchangeRedeclared]:
    'an exchange was gone: what came before we were bound again is lost',
}

/** All gaps in the order in which they were noted. Only the recorder is believed about them. */
export function gapsIn(notes: readonly Note[]): Gap[] {
  const lost = new Map<string, Note>()
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

function outage({ cloud, position, recorded_at }: Note, until: number | null, what: string): Gap {
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

/** What a recorder's note says of itself: `{"possible_gap": {"from": "2026-…Z", "to": "2026-…Z"}}`. */
function possibleGap(body: string): Pick<Gap, 'from' | 'until'> | null {
  const { data } = noted.safeParse(parseJson(body))
  if (!data?.possible_gap) return null
  const { from, to } = data.possible_gap
  return { from: from === null ? null : parseTime(from), until: parseTime(to) }
}
