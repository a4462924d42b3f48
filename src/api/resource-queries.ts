import * as z from 'zod'
import { MixmatchError } from '../errors.js'
import { formatTime } from '../event/time.js'
import { type Position, type ResourceId, type ResourceKey, resourceId } from '../ids.js'
import type { LogReader } from '../log/event-log.js'
import type { History } from '../log/history.js'
import { findDeletions } from '../projection/find-resources.js'
import { findAll, type Located, openLocationsOf } from '../projection/locate.js'
import { locateAt } from '../replay/past-locations.js'
import { type PastPlacement, placementsAt, preparePlacements } from '../replay/placement-history.js'
import { positionAt } from '../replay/point.js'
import { resourceShape, timeShape } from './event-row.js'
import { defineQuery, pointText } from './query.js'
import { maySee, type Viewer } from './viewer.js'

/** A place of a resource, as `locate` prints it. */
export const placeShape = z.object({
  service_provider: z.string(),
  resource: resourceShape,
  project: z.string().nullable(),
  position: z.number().int(),
})

/** A time in which a cloud held a resource of one project, as `locate --history` prints it. */
const intervalShape = z.object({
  service_provider: z.string(),
  resource: resourceShape,
  project: z.string().nullable(),
  from: timeShape,
  from_position: z.number().int(),
  to: timeShape.nullable(),
  to_position: z.number().int().nullable(),
})

const deletionShape = z.object({
  service_provider: z.string(),
  resource: resourceShape,
  at: timeShape,
  position: z.number().int(),
})

export const idText = z.string().min(1).max(255)
const at = pointText.optional()

export const resourceQuery = defineQuery({
  summary:
    'Where a resource is, or was at a point of history, as known then: its clouds, its project there, ' +
    'and the event that says so. Without a place, the deletions say who deleted it.',
  parameters: z.strictObject({ id: idText, at }),
  answer: z.object({
    id: z.string(),
    places: z.array(placeShape),
    deletions: z.array(deletionShape),
  }),
  run({ log }, { id: text, at }, viewer) {
    const id = resourceId(text)
    const upTo = at && positionAt(log, at)
    const known = upTo ?? log.head().position
    const held = visiblePlacements(log, id, known, viewer)
    requireKnown(id, held, known)
    const places = findPlaces(log, id, upTo).flatMap(placeRows)
    return {
      id,
      places: places.filter(({ service_provider, project }) =>
        maySee(viewer, service_provider, project),
      ),
      deletions: findDeletions(log.db, id, { upTo })
        .filter(({ position, serviceProvider }) =>
          held.some(
            ({ to, ...placement }) =>
              to?.position === position && placement.serviceProvider === serviceProvider,
          ),
        )
        .map(({ resource, serviceProvider, at, position }) => ({
          service_provider: serviceProvider,
          resource,
          at: formatTime(at),
          position,
        })),
    }
  },
})

export const historyQuery = defineQuery({
  summary:
    'All clouds and projects that held a resource, with times by the clock of the cloud, as known now ' +
    'or at a point of history.',
  parameters: z.strictObject({ id: idText, at }),
  answer: z.object({ id: z.string(), history: z.array(intervalShape) }),
  run({ log }, { id: text, at }, viewer) {
    const id = resourceId(text)
    const upTo = at ? positionAt(log, at) : log.head().position
    const held = visiblePlacements(log, id, upTo, viewer)
    requireKnown(id, held, upTo)
    return { id, history: held.map(placement => intervalRow(placement, id)) }
  },
})

/** Find the places of a resource at present, or at a position. */
export function findPlaces(
  log: History,
  id: ResourceId,
  upTo: Position | undefined,
): readonly Located[] {
  if (upTo !== undefined) return findAll(locateAt(log, upTo), id)
  using finder = openPlaceFinder(log)
  return finder.find(id)
}

interface PlaceFinder extends Disposable {
  find(id: ResourceId): readonly Located[]
}

/** Find present places in the views, as the proxy does; without views, in the log. */
export function openPlaceFinder(log: History): PlaceFinder {
  const locations = openLocationsOf(log.file)
  if (locations) return locations
  const locate = locateAt(log, log.head().position)
  return { find: id => findAll(locate, id), [Symbol.dispose]: () => {} }
}

export function placeRows({ resource, places }: Located): z.output<typeof placeShape>[] {
  return places.map(place => ({
    service_provider: place.serviceProvider,
    resource,
    project: place.project,
    position: place.position,
  }))
}

export function intervalRow(
  placement: PastPlacement,
  id: ResourceId,
): z.output<typeof intervalShape> {
  return {
    service_provider: placement.serviceProvider,
    resource: { type: placement.type, id },
    project: placement.project,
    from: formatTime(placement.from.at),
    from_position: placement.from.position,
    to: placement.to && formatTime(placement.to.at),
    to_position: placement.to?.position ?? null,
  }
}

/** Prepare to decide whether a resource belongs or belonged to the viewer. */
export function prepareOwnership(
  log: LogReader,
  viewer: Viewer,
): (resource: Pick<ResourceKey, 'id'> & Partial<ResourceKey>) => boolean {
  if (viewer === 'all') return () => true
  const placements = preparePlacements(log)
  const head = log.head().position
  return ({ id, type }) =>
    placements(id, head).some(
      placement =>
        (type === undefined || placement.type === type) &&
        maySee(viewer, placement.serviceProvider, placement.project),
    )
}

/** The placements of a resource that a viewer may see. */
function visiblePlacements(log: History, id: ResourceId, upTo: Position, viewer: Viewer) {
  return placementsAt(log, id, upTo).filter(({ serviceProvider, project }) =>
    maySee(viewer, serviceProvider, project),
  )
}

/** The same error for an unknown resource and for one that belongs to others. @throws NOT_FOUND */
function requireKnown(id: ResourceId, held: readonly unknown[], upTo: Position): void {
  if (held.length > 0) return
  throw new MixmatchError(
    'NOT_FOUND',
    `${id}: no cloud is known to have held it, up to event ${upTo}.`,
  )
}
