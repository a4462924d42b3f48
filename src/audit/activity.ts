import * as z from 'zod'
import { ownEventTypes } from '../event/event.js'
import { sourceCode } from '../event/stored.js'
import { type Micros, micros } from '../ids.js'
import { parseJson } from '../json.js'
import { positionAt } from '../replay/point.js'
import type { AuditDatabase } from './audit-database.js'
import { maximum, minimum } from './numbers.js'

/** The recorded events of each cloud, in time slices of equal length. */
export interface Activity {
  readonly from: number
  readonly until: number
  /** By name of the cloud, ordered by their first events. */
  readonly clouds: ReadonlyMap<string, readonly TimeSlice[]>
  readonly slices: number
}

interface TimeSlice {
  readonly index: number
  readonly events: number
  /** How many events came from the bus, and the times of the first and the last. */
  readonly heard: number
  readonly first_heard: number | null
  readonly last_heard: number | null
  readonly unparseable: number
  /** Positions of events of the recorder itself. */
  readonly notes: readonly number[]
  /** From emission to recording in microseconds, by the clocks of the cloud and of the recorder. */
  readonly least_lag: number | null
  readonly greatest_lag: number | null
}

interface SliceRow extends Omit<TimeSlice, 'index' | 'notes'> {
  readonly name: string
  /** As JSON. */
  readonly notes: string
}

const FEWEST_SLICES = 360
const MOST_SLICES = 4_000
/** Events that are read in one step. A slice with a burst has many more. */
const STEP_EVENTS = 2_000

/**
 * Read all events once, slice by slice. Recorded times never go backwards, so a slice is a range of
 * positions.
 *
 * @param longest the maximum length of a slice in microseconds, as far as MOST_SLICES allows
 */
export function readActivity(database: AuditDatabase, longest: number): Activity {
  const steps = walkActivity(database, longest)
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

/** As `readActivity`, in steps of some milliseconds: other work can run between them. */
export function* walkActivity(
  database: Pick<AuditDatabase, 'since' | 'until' | 'db' | 'history' | 'upTo'>,
  longest: number,
): Generator<void, Activity> {
  const { since, until, db, history, upTo } = database
  if (since === null || until === null) {
    return { from: 0, until: 0, clouds: new Map(), slices: 0 }
  }
  const span = Math.max(1, until - since)
  const slices = Math.min(MOST_SLICES, Math.max(FEWEST_SLICES, Math.ceil(span / longest)))
  const bus = sourceCode('bus')
  const read = db.prepare<[number, number], SliceRow>(`
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

  const clouds = new Map<string, TimeSlice[]>()
  const recordedAt = db
    .prepare<[number], number>('select recorded_at from history where position = ?')
    .pluck()
  let after: number = history.base().position
  let nextAt = recordedAt.get(after + 1) ?? until // most slices of a small log have no event
  for (let index = 0; index < slices; index += 1) {
    const end = endOf(since, span, index, slices)
    if (nextAt > end) continue
    const last = index === slices - 1 ? upTo : positionAt(history, { time: end })
    while (after < last) {
      const stepEnd = Math.min(last, after + STEP_EVENTS)
      for (const { name, notes, ...row } of read.all(after, stepEnd)) {
        const known = clouds.get(name) ?? []
        if (known.length === 0) clouds.set(name, known)
        const earlier = known.at(-1)?.index === index ? known.pop() : undefined
        known.push(joinSlices(earlier, { index, ...row, notes: positionsIn(notes) }))
      }
      after = stepEnd
      yield
    }
    nextAt = recordedAt.get(after + 1) ?? until
  }
  return { from: since, until, clouds, slices }
}

function positionsIn(json: string): number[] {
  return z.array(z.number()).parse(parseJson(json))
}

/** Join what two steps read of one slice. */
function joinSlices(earlier: TimeSlice | undefined, later: TimeSlice): TimeSlice {
  if (earlier === undefined) return later
  return {
    index: later.index,
    events: earlier.events + later.events,
    heard: earlier.heard + later.heard,
    first_heard: earlier.first_heard ?? later.first_heard,
    last_heard: later.last_heard ?? earlier.last_heard,
    unparseable: earlier.unparseable + later.unparseable,
    notes: [...earlier.notes, ...later.notes],
    least_lag: minimum([earlier.least_lag, later.least_lag]),
    greatest_lag: maximum([earlier.greatest_lag, later.greatest_lag]),
  }
}

function endOf(since: number, span: number, index: number, slices: number): Micros {
  return micros(since + Math.floor((span * (index + 1)) / slices))
}

export interface Silence {
  readonly cloud: string
  readonly from: number
  readonly until: number
  /** Whether it continues to the end of the log. */
  readonly lasts: boolean
}

/**
 * The times without a notification of a bus that are longer than a threshold. They are exact if the
 * threshold is not shorter than a slice.
 */
export function findSilences(activity: Activity, threshold: number): Silence[] {
  return [...activity.clouds].flatMap(([cloud, slices]) => {
    const silences: Silence[] = []
    let last: number | null = null
    for (const { first_heard, last_heard } of slices) {
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
