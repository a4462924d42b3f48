import * as z from 'zod'
import { formatTime } from '../event/time.js'
import { micros, resourceTypes } from '../ids.js'
import { positionAt } from '../replay/point.js'
import { resourceShape, timeShape } from './event-row.js'
import { countHoldings, countHoldingsAt, type Holding } from './holdings.js'
import { defineQuery, namesText, pointText, type Sources, wholeNumber } from './query.js'
import { prepareOwnership } from './resource-queries.js'
import { maySee } from './viewer.js'

/** Whether everything was counted; else ask again. */
const completeShape = z.boolean()

export const holdingsQuery = defineQuery({
  summary:
    'How many resources each cloud holds, by type and project: at present, or at a time, by the clocks of ' +
    'the clouds and as known today. They are counted in the background: ask again while it is not complete.',
  parameters: z.strictObject({
    at: pointText.optional(),
    cloud: namesText.optional(),
    type: namesText.optional(),
    project: namesText.optional(),
  }),
  answer: z.object({
    complete: completeShape,
    /** The last event that is counted; null while nothing was counted. */
    position: z.number().int().nullable(),
    /** The time of `at`, when it was counted: of `-1h` some time ago. */
    at: timeShape.nullable(),
    holdings: z.array(
      z.object({
        service_provider: z.string(),
        type: z.enum(resourceTypes),
        project: z.string().nullable(),
        resources: z.number().int(),
      }),
    ),
  }),
  async run(sources, { at, cloud, type, project }, viewer) {
    const value = await (at === undefined ? holdingsNow(sources) : holdingsAt(sources, at))
    const isWanted = (holding: Holding) =>
      (!cloud || cloud.includes(holding.service_provider)) &&
      (!type || type.includes(holding.type)) &&
      (!project || (holding.project !== null && project.includes(holding.project))) &&
      maySee(viewer, holding.service_provider, holding.project)
    return {
      complete: value !== null,
      position: value?.position ?? null,
      at: value !== null && 'at' in value ? formatTime(micros(value.at)) : null,
      holdings: (value?.holdings ?? []).filter(isWanted),
    }
  },
})

export const conflictsQuery = defineQuery({
  summary:
    'Ids that several clouds claim to hold. Requests go to the first. They are searched in the background: ' +
    'ask again while it is not complete.',
  parameters: z.strictObject({ limit: wholeNumber(1, 1000).default(100) }),
  answer: z.object({
    complete: completeShape,
    position: z.number().int().nullable(),
    /** How many there are, also beyond the limit; null for a viewer who may not see everything. */
    count: z.number().int().nullable(),
    conflicts: z.array(
      z.object({ resource: resourceShape, service_providers: z.array(z.string()).readonly() }),
    ),
  }),
  async run(sources, { limit }, viewer) {
    const value = await holdingsNow(sources)
    const isOwn = prepareOwnership(sources.log, viewer)
    return {
      complete: value !== null,
      position: value?.position ?? null,
      count: value === null || viewer !== 'all' ? null : value.conflictCount,
      conflicts: (value?.conflicts ?? [])
        .slice(0, viewer === 'all' ? undefined : MOST_OWNERS)
        .filter(({ resource }) => isOwn(resource))
        .slice(0, limit)
        .map(({ resource, serviceProviders }) => ({
          resource,
          service_providers: serviceProviders,
        })),
    }
  },
})

/** Conflicts whose owners are looked up for a reader. */
const MOST_OWNERS = 200

function holdingsNow({ log, settings, background }: Sources) {
  const state = String(log.head().position)
  return background.holdings.newest('now', state, () => countHoldings(settings.logFile))
}

type PointInUrl = z.output<typeof pointText>

function holdingsAt(sources: Sources, at: PointInUrl) {
  const { log, settings, background } = sources
  const time = timeOf(sources, at)
  const state = `${log.head().position} ${time}`
  return background.pastHoldings.newest(at.text, state, () =>
    countHoldingsAt(settings.logFile, time),
  )
}

/** The time of a point; for a position, when its event was recorded. */
function timeOf({ log }: Sources, at: PointInUrl): number {
  if ('time' in at) return at.time
  return log.get(positionAt(log, at))?.recordedAt ?? 0
}
