import type { Database } from 'better-sqlite3'
import { resourceTypeOf, type StoredId } from '../event/stored.js'
import type { Position, ResourceType } from '../ids.js'
import { type Conflict, conflictsOf } from '../projection/conflicts.js'
import { isPresent, joinParent, ownerOf } from '../projection/views/locations.js'
import type { StepwiseRead } from './background-reads.js'
import { openViewsReader } from './views-reader.js'

/** How many resources of one type and project a cloud holds. */
export interface Holding {
  readonly service_provider: string
  readonly type: ResourceType
  readonly project: string | null
  readonly resources: number
}

/** What all clouds hold. */
export interface Holdings {
  /** The last event that is counted. */
  readonly position: Position
  readonly holdings: readonly Holding[]
  /** The first `MOST_CONFLICTS` of them. */
  readonly conflicts: readonly Conflict[]
  readonly conflictCount: number
}

const MOST_CONFLICTS = 1_000
/** Rows of one step: some milliseconds. */
const STEP_ROWS = 5_000

interface CountRow {
  readonly service_provider: string
  readonly resource_type: number
  readonly project: string | null
  readonly resources: number
}

/** Count what all clouds hold at present, and find the conflicts. @throws VIEWS_UNAVAILABLE */
export function* countHoldings(logFile: string): StepwiseRead<Holdings> {
  using views = openViewsReader(logFile)
  const { db } = views
  const inStep = `(l.resource_type, l.resource_id) > (:type, :id)
    and (l.resource_type, l.resource_id) <= (:lastType, :lastId)`
  const count = db.prepare<[object], CountRow>(`
    select sp.name as service_provider, l.resource_type, pr.name as project, count(*) as resources
    from locations l join service_providers sp on sp.id = l.service_provider
    ${joinParent('l', 'volume')}
    left join projects pr on pr.id = ${ownerOf('l', 'volume')}
    where ${inStep} and ${isPresent('l')}
    group by l.service_provider, l.resource_type, pr.id`)
  const findConflicts = conflictsOf(db, `and ${inStep}`)
  const counts = createCounts()
  const conflicts: Conflict[] = []
  let conflictCount = 0
  for (const step of stepsOf(db, 'locations')) {
    for (const row of count.iterate(step)) counts.add(row)
    const found = findConflicts(step)
    conflictCount += found.length
    conflicts.push(...found.slice(0, MOST_CONFLICTS - conflicts.length))
    yield
  }
  return { position: views.position, holdings: counts.all(), conflicts, conflictCount }
}

/** What all clouds held at one moment, by their own clocks, as known today. */
export interface PastHoldings {
  readonly position: Position
  /** Microseconds. */
  readonly at: number
  readonly holdings: readonly Holding[]
}

/** Count what all clouds held at a time. @param at in microseconds. @throws VIEWS_UNAVAILABLE */
export function* countHoldingsAt(logFile: string, at: number): StepwiseRead<PastHoldings> {
  using views = openViewsReader(logFile)
  const { db } = views
  const count = db.prepare<[object], CountRow>(`
    select sp.name as service_provider, p.resource_type, pr.name as project, count(*) as resources
    from placements p join service_providers sp on sp.id = p.service_provider
    left join projects pr on pr.id = p.owner
    where (p.resource_type, p.resource_id) > (:type, :id)
      and (p.resource_type, p.resource_id) <= (:lastType, :lastId)
      and p.from_at <= :at and (p.to_at is null or p.to_at > :at)
    group by p.service_provider, p.resource_type, p.owner`)
  const counts = createCounts()
  for (const step of stepsOf(db, 'placements')) {
    for (const row of count.iterate({ ...step, at })) counts.add(row)
    yield
  }
  return { position: views.deferredPosition, at, holdings: counts.all() }
}

/** A range of resources: after the first, up to the last. */
interface Step {
  readonly type: number
  readonly id: StoredId
  readonly lastType: number
  readonly lastId: StoredId
}

interface KeyRow {
  readonly resource_type: number
  readonly resource_id: StoredId
}

/** Split a view into ranges. The rows of one resource are in one range. */
function* stepsOf(db: Database, view: 'locations' | 'placements'): Generator<Step> {
  const end = db.prepare<[number, StoredId], KeyRow>(`
    select resource_type, resource_id from ${view} where (resource_type, resource_id) > (?, ?)
    order by resource_type, resource_id limit 1 offset ${STEP_ROWS - 1}`)
  const last = db.prepare<[], KeyRow>(`
    select resource_type, resource_id from ${view}
    order by resource_type desc, resource_id desc limit 1`)
  const whole = last.get()
  if (!whole) return
  let type = -1
  let id: StoredId = ''
  for (;;) {
    const found = end.get(type, id)
    const { resource_type: lastType, resource_id: lastId } = found ?? whole
    yield { type, id, lastType, lastId }
    if (!found) return
    type = lastType
    id = lastId
  }
}

function createCounts() {
  const byKey = new Map<string, Holding>()
  return {
    add({ service_provider, resource_type, project, resources }: CountRow): void {
      const key = JSON.stringify([service_provider, resource_type, project])
      const known = byKey.get(key)?.resources ?? 0
      const type = resourceTypeOf(resource_type)
      byKey.set(key, { service_provider, type, project, resources: known + resources })
    },
    all: () => [...byKey.values()],
  }
}
