import type { Database } from 'better-sqlite3'
import type { StoredId } from '../event/stored.js'
import type { Micros, Position } from '../ids.js'
import type { StepwiseRead } from './background-reads.js'
import { createHoldingsTally, type HeldRow, type Tallied } from './holdings-tally.js'
import { openViewsReader } from './views-reader.js'

/** What all clouds held at evenly spaced moments, by their own clocks, as known today. */
export interface HoldingsHistory extends Tallied {
  /** The last event that is counted. */
  readonly position: Position
  /** Names by their numbers. */
  readonly clouds: ReadonlyMap<number, string>
  readonly projects: ReadonlyMap<number, string>
}

/** Rows of one step: some milliseconds. */
const STEP_ROWS = 3_000

/** Count what all clouds held between two times, in microseconds. @throws VIEWS_UNAVAILABLE */
export function* countHoldingsHistory(
  logFile: string,
  from: Micros,
  until: Micros,
): StepwiseRead<HoldingsHistory> {
  using views = openViewsReader(logFile)
  const tally = createHoldingsTally({ from: Math.min(from, until), until })
  for (const rows of readSteps(views.db)) {
    for (const row of rows) tally.add(row)
    yield
  }
  return {
    ...tally.finish(),
    position: views.deferredPosition,
    clouds: namesOf(views.db, 'service_providers'),
    projects: namesOf(views.db, 'projects'),
  }
}

const key = 'resource_type, resource_id, service_provider, from_at, from_position'

/** Each step is a statement of its own, so no transaction lasts long. */
function* readSteps(views: Database): Generator<readonly HeldRow[]> {
  const step = views
    .prepare<(number | StoredId)[], HeldRow>(
      `select ${key}, owner, to_at from placements where (${key}) > (?, ?, ?, ?, ?)
      order by ${key} limit ${STEP_ROWS}`,
    )
    .raw()
  let rows = step.all(-1, '', -1, 0, 0)
  for (let last = rows.at(-1); last !== undefined; last = rows.at(-1)) {
    yield rows
    const [type, id, cloud, fromAt, fromPosition] = last
    rows = step.all(type, id, cloud, fromAt, fromPosition)
  }
}

function namesOf(
  views: Database,
  table: 'service_providers' | 'projects',
): ReadonlyMap<number, string> {
  return new Map(views.prepare<[], [number, string]>(`select id, name from ${table}`).raw().all())
}
