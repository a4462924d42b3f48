import { z } from 'zod'
import { ownEventTypes } from '../event/event.js'
import { position } from '../ids.js'
import { parseJson } from '../json.js'
import type { Activity } from './activity.js'
import type { Audited } from './audited.js'

/** What the recorder noted about itself and one cloud. */
export interface Note {
  readonly cloud: string
  readonly event_type: string
  readonly position: number
  readonly recorded_at: number
  readonly body: string
}

/** All notes in the order in which they were made. Where they are was seen on the walk over the log. */
export function notesIn({ history }: Audited, { clouds }: Activity): Note[] {
  return [...clouds]
    .flatMap(([cloud, pieces]) =>
      pieces
        .flatMap(({ notes }) => positionsIn(notes))
        .flatMap(at => {
          const event = history.get(position(at))
          if (event === undefined) return []
          const { eventType, recordedAt, body } = event
          return [{ cloud, event_type: eventType, position: at, recorded_at: recordedAt, body }]
        }),
    )
    .sort((one, other) => one.position - other.position)
}

function positionsIn(json: string): number[] {
  return z.array(z.number()).parse(parseJson(json))
}

const count = z.object({ absorbed: z.number() })

/** How many messages of each cloud came again and were not recorded twice, as far as it was noted. */
export function absorbedIn(notes: readonly Note[]): ReadonlyMap<string, number> {
  const absorbed = new Map<string, number>()
  for (const { cloud, event_type, body } of notes) {
    if (event_type !== ownEventTypes.duplicatesAbsorbed) continue
    const { data } = count.safeParse(parseJson(body))
    absorbed.set(cloud, (absorbed.get(cloud) ?? 0) + (data?.absorbed ?? 0))
  }
  return absorbed
}
