import { ownEventTypes } from '../event/event.js'
import { sourceCode } from '../event/stored.js'
import type { Audited } from './audited.js'

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

interface Note {
  readonly cloud: string
  readonly event_type: string
  readonly position: number
  readonly recorded_at: number
  readonly exchange: string
}

/** All gaps in the order in which they were noted. Only the recorder is believed about them. */
export function gapsIn({ db, upTo }: Audited): Gap[] {
  const notes = db
    .prepare<[number], Note>(
      `select sp.name as cloud, t.name as event_type, e.position, e.recorded_at, o.exchange
      from history e
      join service_providers sp on sp.id = e.service_provider
      join log.event_types t on t.id = e.event_type
      join log.origins o on o.id = e.origin
      where e.origin in (select id from log.origins where source = ${sourceCode('recorder')})
        and e.position <= ?
      order by e.position`,
    )
    .all(upTo)
  const lost = new Map<string, Note>()
  const declared = new Set<string>()
  const gaps: Gap[] = []
  for (const note of notes) {
    const { cloud, position, recorded_at } = note
    switch (note.event_type) {
      case ownEventTypes.busLost:
        if (!lost.has(cloud)) lost.set(cloud, note)
        break
      case ownEventTypes.busConnected: {
        const since = lost.get(cloud)
        lost.delete(cloud)
        if (since) gaps.push(gap(since, recorded_at, 'the bus was lost; its queue kept what came'))
        break
      }
      case ownEventTypes.queueDeclared:
        if (declared.has(cloud)) {
          const what = 'the queue was gone and declared anew: what came meanwhile is lost'
          gaps.push({ ...gap(note, recorded_at, what), from: lost.get(cloud)?.recorded_at ?? null })
        }
        declared.add(cloud)
        break
      case ownEventTypes.exchangeRedeclared: {
        const what = `the exchange ${note.exchange} was gone and declared anew: some may be lost`
        gaps.push({
          cloud,
          position,
          from: lost.get(cloud)?.recorded_at ?? null,
          until: recorded_at,
          what,
        })
        break
      }
    }
  }
  const lasting = [...lost.values()].map(note => gap(note, null, 'the bus was lost, and still is'))
  return [...gaps, ...lasting].sort((one, other) => one.position - other.position)
}

function gap({ cloud, position, recorded_at }: Note, until: number | null, what: string): Gap {
  return { cloud, position, from: recorded_at, until, what }
}
