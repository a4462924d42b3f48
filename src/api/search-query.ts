import * as z from 'zod'
import { createNameFinder } from '../audit/resource-names.js'
import { MixmatchError } from '../errors.js'
import type { ResourceKey } from '../ids.js'
import type { LogReader } from '../log/event-log.js'
import { findResourcesByPrefix } from '../projection/find-resources.js'
import { resourceShape } from './event-row.js'
import { defineQuery, namesText, wholeNumber } from './query.js'
import {
  type FoundResources,
  findNamed,
  listPresent,
  parseResourceCursor,
  resourceCursor,
} from './resource-finders.js'
import {
  idText,
  openPlaceFinder,
  placeRows,
  placeShape,
  prepareOwnership,
} from './resource-queries.js'
import { maySee, type Viewer } from './viewer.js'

/** Ids of one page whose owners are looked up for a reader. */
const MOST_CANDIDATES = 100

const parameterShape = z.strictObject({
  id: idText.optional().meta({ description: 'The beginning of an id, with or without hyphens.' }),
  name: z.string().min(1).max(255).optional().meta({
    description:
      'A part of the name in a notification, in upper or lower case. A page searches a limited part of the log.',
  }),
  cloud: namesText.optional(),
  type: namesText.optional(),
  project: namesText.optional(),
  limit: wholeNumber(1, 100).default(20),
  cursor: z.string().max(300).optional().meta({ description: 'The `next` of the page before.' }),
})

type Parameters = z.output<typeof parameterShape>

export const searchQuery = defineQuery({
  summary:
    'Resources: by the beginning of their id, by type and id, including deleted ones; by name, those of the ' +
    'newest events first; otherwise all that exist, by type and id. A page can be short, or empty, although ' +
    'there is a next page.',
  parameters: parameterShape,
  answer: z.object({
    resources: z.array(
      z.object({
        resource: resourceShape,
        /** As the newest event about it says; null if it does not say. */
        name: z.string().nullable(),
        /** Where it is; empty if it was deleted. */
        places: z.array(placeShape),
      }),
    ),
    next: z.string().nullable(),
  }),
  run({ log }, parameters, viewer) {
    const { cloud, type, project } = parameters
    const { found, next } = findCandidates(log, parameters, viewer)
    // Others' resources are left out silently, so that a reader does not learn that they exist.
    const isOwn = prepareOwnership(log, viewer)
    const nameAt = createNameFinder({ history: log })
    using finder = openPlaceFinder(log)
    const isWanted = (names: readonly string[] | undefined, name: string | null) =>
      names === undefined || (name !== null && names.includes(name))
    const resources = found
      .filter(resource => isWanted(type, resource.type) && isOwn(resource))
      .map(resource => {
        const places = finder
          .find(resource.id)
          .filter(({ resource: { type } }) => type === resource.type)
          .flatMap(placeRows)
          .filter(place => maySee(viewer, place.service_provider, place.project))
        return { resource, name: places[0] ? nameAt(places[0].position) : null, places }
      })
      .filter(
        ({ places }) =>
          (cloud === undefined && project === undefined) ||
          places.some(
            place => isWanted(cloud, place.service_provider) && isWanted(project, place.project),
          ),
      )
    return { resources: resources.slice(0, parameters.limit), next }
  },
})

function findCandidates(log: LogReader, parameters: Parameters, viewer: Viewer): FoundResources {
  const { id, name, limit, cursor } = parameters
  if (id !== undefined && name !== undefined) {
    throw new MixmatchError('BAD_REQUEST', 'expected id or name, found both.')
  }
  if (id !== undefined) return findByPrefix(log, id, parameters, viewer)
  if (name !== undefined) return findNamed(log, name, limit, cursor)
  return listPresent(log.file, parameters, viewer)
}

/** Find the resources of the viewer whose id begins with a text. */
function findByPrefix(
  log: LogReader,
  prefix: string,
  { limit, cursor }: Parameters,
  viewer: Viewer,
): FoundResources {
  const after = cursor === undefined ? undefined : parseResourceCursor(cursor)
  const most = viewer === 'all' ? limit : MOST_CANDIDATES
  const candidates = findResourcesByPrefix(log.db, prefix, { limit: most, after })
  const isOwn = prepareOwnership(log, viewer)
  const found: ResourceKey[] = []
  for (const resource of candidates) {
    if (found.length === limit) return { found, next: resourceCursor(found.at(-1) ?? resource) }
    if (isOwn(resource)) found.push(resource)
  }
  const last = candidates.at(-1)
  return { found, next: last && candidates.length === most ? resourceCursor(last) : null }
}
