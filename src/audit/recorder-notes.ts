import * as z from 'zod'
import { ownEventTypes } from '../event/event.js'
import { position } from '../ids.js'
import { parseJson } from '../json.js'
import type { Activity } from './activity.js'
import type { AuditDatabase } from './audit-database.js'

/** An event of the recorder itself, about one cloud. */
export interface RecorderNote {
  readonly cloud: string
  readonly event_type: string
  readonly position: number
  readonly recorded_at: number
  readonly body: string
}

/** Read all events of the recorder itself, in order. The activity has their positions. */
export function readRecorderNotes(
  { history }: Pick<AuditDatabase, 'history'>,
  { clouds }: Activity,
): RecorderNote[] {
  return [...clouds]
    .flatMap(([cloud, slices]) =>
      slices
        .flatMap(({ notes }) => notes)
        .flatMap(at => {
          const event = history.get(position(at))
          if (event === undefined) return []
          const { eventType, recordedAt, body } = event
          return [{ cloud, event_type: eventType, position: at, recorded_at: recordedAt, body }]
        }),
    )
    .sort((one, other) => one.position - other.position)
}

const count = z.object({ absorbed: z.number() })

/** How many duplicate messages of each cloud the recorder ignored, according to its own events. */
export function countDuplicates(notes: readonly RecorderNote[]): ReadonlyMap<string, number> {
  const duplicates = new Map<string, number>()
  for (const { cloud, event_type, body } of notes) {
    if (event_type !== ownEventTypes.duplicatesAbsorbed) continue
    const { data } = count.safeParse(parseJson(body))
    duplicates.set(cloud, (duplicates.get(cloud) ?? 0) + (data?.absorbed ?? 0))
  }
  return duplicates
}
