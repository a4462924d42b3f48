import { readProjectId, resourceTypeCode, storeId } from '../event/stored.js'
import {
  type Micros,
  micros,
  type Position,
  type ProjectId,
  position,
  type ResourceId,
  type ResourceType,
  resourceTypes,
  type SpName,
  spName,
} from '../ids.js'
import type { LogReader } from '../log/event-log.js'
import { foldPlacements, type Moment } from '../projection/placement-intervals.js'
import { prepareResourceEvents, type Resource } from '../projection/resource-events.js'

/** A time in which a cloud held a resource of one project, as in the view `placements`. */
export interface PastPlacement {
  readonly serviceProvider: SpName
  readonly type: ResourceType
  readonly project: ProjectId | null
  readonly from: PlacementMoment
  readonly to: PlacementMoment | null
}

interface PlacementMoment {
  /** By the clock of the cloud. */
  readonly at: Micros
  readonly position: Position
}

/** All placements of an id in all clouds as known at a position, read from the log without views. */
export function placementsAt(log: LogReader, id: ResourceId, upTo: Position): PastPlacement[] {
  return preparePlacements(log)(id, upTo)
}

/** Prepare `placementsAt`, for many ids. */
export function preparePlacements(
  log: LogReader,
): (id: ResourceId, upTo: Position) => PastPlacement[] {
  const holders = log.db.prepare<[HolderQuery], Holder>(`
    select service_provider, sp.name, max(parent) as parent
    from events join service_providers sp on sp.id = service_provider
    where resource_type = :resource_type and resource_id = :resource_id and kind > 0
      and +position <= :upTo
    group by service_provider`)
  const eventsOf = prepareResourceEvents(log.db, 'events')
  const projectName = log.db
    .prepare<[number], string>('select name from projects where id = ?')
    .pluck()
  return (id, upTo) =>
    resourceTypes.flatMap(type => {
      const question = { resource_type: resourceTypeCode(type), resource_id: storeId(id), upTo }
      return holders.all(question).flatMap(holder => {
        const events = eventsOf({ ...question, ...holder }, upTo)
        return foldPlacements(events).map(({ from, owner, to }) => ({
          serviceProvider: spName(holder.name),
          type,
          project: owner === null ? null : readProjectId(projectName.get(owner) ?? ''),
          from: placed(from),
          to: to && placed(to),
        }))
      })
    })
}

interface HolderQuery extends Pick<Resource, 'resource_type' | 'resource_id'> {
  readonly upTo: number
}

interface Holder extends Pick<Resource, 'service_provider' | 'parent'> {
  readonly name: string
}

function placed(moment: Moment): PlacementMoment {
  return { at: micros(moment.at), position: position(moment.position) }
}
