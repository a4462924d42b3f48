import { ownEventTypes } from '../event/event.js'
import { sourceCode } from '../event/stored.js'
import { type Micros, micros } from '../ids.js'
import { positionAt } from '../replay/point.js'
import type { Audited } from './audited.js'

/** What was recorded of each cloud in each of many equal pieces of time. */
export interface Activity {
  readonly from: number
  readonly until: number
  /** By name of the cloud, in the order in which they were first heard of. */
  readonly clouds: ReadonlyMap<string, readonly Piece[]>
  readonly pieces: number
}

export interface Piece {
  readonly index: number
  readonly events: number
  /** Those that came over the bus, the first and last of them. */
  readonly heard: number
  readonly first_heard: number | null
  readonly last_heard: number | null
  readonly unparseable: number
  /** Where the recorder noted something about itself: positions, as JSON. */
  readonly notes: string
  /** Recorded after it was emitted, by the two clocks: the least and the greatest, of the bus. */
  readonly least_lag: number | null
  readonly greatest_lag: number | null
}

interface PieceRow extends Omit<Piece, 'index'> {
  readonly name: string
}

const FEWEST_PIECES = 360
const MOST_PIECES = 4_000

/**
 * Walk over all events, the only time that a summary does, a piece of time after the other: times in a
 * log run forward, so a piece is a range of positions.
 *
 * @param longest no piece is longer than this, in microseconds, where that is possible
 */
export function activityOf(audited: Audited, longest: number): Activity {
  const { since, until, db, history, upTo } = audited
  if (since === null || until === null) {
    return { from: 0, until: 0, clouds: new Map(), pieces: 0 }
  }
  const span = Math.max(1, until - since)
  const pieces = Math.min(MOST_PIECES, Math.max(FEWEST_PIECES, Math.ceil(span / longest)))
  const bus = sourceCode('bus')
  const read = db.prepare<[number, number], PieceRow>(`
    select sp.name, count(*) as events,
      count(*) filter (where heard) as heard,
      min(recorded_at) filter (where heard) as first_heard,
      max(recorded_at) filter (where heard) as last_heard,
      count(*) filter (where unparseable) as unparseable,
      json_group_array(position) filter (where noted) as notes,
      min(recorded_at - emitted_at) filter (where heard) as least_lag,
      max(recorded_at - emitted_at) filter (where heard) as greatest_lag
    from (
      select position, service_provider, recorded_at, emitted_at,
        origin in (select id from log.origins where source = ${bus}) as heard,
        origin in (select id from log.origins where source = ${sourceCode('recorder')}) as noted,
        event_type in (select id from log.event_types
          where name = '${ownEventTypes.unparseable}') as unparseable
      from history where position > ? and position <= ?
    ) join service_providers sp on sp.id = service_provider
    group by service_provider order by service_provider`)

  const clouds = new Map<string, Piece[]>()
  let after = history.base().position
  for (let index = 0; index < pieces; index += 1) {
    const end = endOf(since, span, index, pieces)
    const last = index === pieces - 1 ? upTo : positionAt(history, { time: end })
    for (const { name, ...piece } of last > after ? read.all(after, last) : []) {
      const known = clouds.get(name) ?? []
      if (known.length === 0) clouds.set(name, known)
      known.push({ index, ...piece })
    }
    after = last
  }
  return { from: since, until, clouds, pieces }
}

function endOf(since: number, span: number, index: number, pieces: number): Micros {
  return micros(since + Math.floor((span * (index + 1)) / pieces))
}

export interface Silence {
  readonly cloud: string
  readonly from: number
  readonly until: number
  /** Whether it lasted to the end of the log. */
  readonly lasts: boolean
}

/**
 * The times in which a bus said nothing for longer than a threshold. Exact where the threshold is no
 * shorter than a piece of the activity.
 */
export function silencesIn(activity: Activity, threshold: number): Silence[] {
  return [...activity.clouds].flatMap(([cloud, pieces]) => {
    const silences: Silence[] = []
    let last: number | null = null
    for (const { first_heard, last_heard } of pieces) {
      if (first_heard === null || last_heard === null) continue
      if (last !== null && first_heard - last > threshold) {
        silences.push({ cloud, from: last, until: first_heard, lasts: false })
      }
      last = last_heard
    }
    if (last !== null && activity.until - last > threshold) {
      silences.push({ cloud, from: last, until: activity.until, lasts: true })
    }
    return silences
  })
}
