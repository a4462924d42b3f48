import * as z from 'zod'
import { readProjectId, resourceTypeOf } from '../event/stored.js'
import { formatTime, now } from '../event/time.js'
import { micros, position } from '../ids.js'
import { type Point, positionAt } from '../replay/point.js'
import { timeShape } from './event-row.js'
import { countHoldingsHistory, type HoldingsHistory } from './holdings-history.js'
import { type Counts, NOBODY, OTHERS, STEPS } from './holdings-tally.js'
import { defineQuery, pointText, type Sources } from './query.js'
import { maySee, type Viewer } from './viewer.js'

/** Glance writes times in whole seconds, so a resource can seem older than its first event. */
const CLOCK_STEP = 1e6
const MOST_PROJECTS = 100
const MOST_TRANSFERS = 100

const countsShape = z.array(z.object({ service_provider: z.string(), resources: z.number().int() }))

export const holdingsHistoryQuery = defineQuery({
  summary:
    'How many resources each cloud held at 241 moments from the first event to now, by the clocks of the ' +
    'clouds and as known today; by project and type at one of these moments; and the transfers between projects. They ' +
    'are counted in the background: ask again while `history` is null.',
  parameters: z.strictObject({ at: pointText.optional() }),
  answer: z.object({
    complete: z.boolean(),
    history: z
      .object({
        /** The last event that is counted. */
        position: z.number().int(),
        /** The first and the last moment, and the last one that is not after `at`. */
        from: timeShape,
        until: timeShape,
        at: timeShape,
        clouds: z.array(
          z.object({
            service_provider: z.string(),
            /** One for each moment. */
            resources: z.array(z.number().int()),
          }),
        ),
        /** At the moment `at`, those with the most resources first. */
        projects: z.array(z.object({ project: z.string().nullable(), holdings: countsShape })),
        more_projects: z.number().int(),
        /** Empty unless the viewer may see everything. */
        types: z.array(z.object({ type: z.string(), holdings: countsShape })),
        /** Until now, the most frequent first. */
        transfers: z.array(
          z.object({
            service_provider: z.string(),
            from_project: z.string().nullable(),
            to_project: z.string().nullable(),
            resources: z.number().int(),
          }),
        ),
      })
      .nullable(),
  }),
  async run(sources, { at }, viewer) {
    const { log, settings, background } = sources
    const first = log.get(position(log.base().position + 1))?.recordedAt ?? now()
    const since = micros(first - CLOCK_STEP) // before the first events created anything
    const state = String(log.head().position)
    const newest = log.get(log.head().position)?.recordedAt ?? since
    const until = () => micros(Math.max(now(), newest))
    const start = () => countHoldingsHistory(settings.logFile, since, until())
    const value = await background.holdingsHistory.newest('all', state, start)
    if (value === null) return { complete: false, history: null }
    const step = at === undefined ? STEPS : stepAt(sources, value, at)
    return { complete: true, history: describeMoment(value, step, viewer) }
  },
})

/** The last moment that is not after a point. */
function stepAt({ log }: Sources, { moments }: HoldingsHistory, point: Point): number {
  const recordedAt = (at: Point) => log.get(positionAt(log, at))?.recordedAt ?? moments.from
  const time = 'time' in point ? point.time : recordedAt(point)
  const width = Math.max(1, (moments.until - moments.from) / STEPS)
  return Math.min(STEPS, Math.max(0, Math.floor((time - moments.from) / width)))
}

function describeMoment(counted: HoldingsHistory, step: number, viewer: Viewer) {
  const { moments, position, clouds, projects, byType, transfers } = counted
  const cloudOf = (id: number) => clouds.get(id) ?? '?'
  const projectOf = (id: number) => {
    if (id === OTHERS) return 'others'
    return id === NOBODY ? null : readProjectId(projects.get(id) ?? '?')
  }
  const timeAt = (moment: number) =>
    formatTime(micros(Math.round(moments.from + ((moments.until - moments.from) * moment) / STEPS)))
  const holdingsOf = (counts: readonly Counts[]) =>
    counts.map(({ cloud, steps }) => ({
      service_provider: cloudOf(cloud),
      resources: steps[step] ?? 0,
    }))
  const visible = counted.byProject.filter(({ cloud, of }) =>
    maySee(viewer, cloudOf(cloud), projectOf(of)),
  )
  const groups = groupByOwner(visible, step)
  return {
    position,
    from: timeAt(0),
    until: timeAt(STEPS),
    at: timeAt(step),
    clouds: sumByCloud(visible).map(([cloud, resources]) => ({
      service_provider: cloudOf(cloud),
      resources,
    })),
    projects: groups
      .slice(0, MOST_PROJECTS)
      .map(({ of, counts }) => ({ project: projectOf(of), holdings: holdingsOf(counts) })),
    more_projects: Math.max(0, groups.length - MOST_PROJECTS),
    types: (viewer === 'all' ? groupByOwner(byType, step) : []).map(({ of, counts }) => ({
      type: resourceTypeOf(of),
      holdings: holdingsOf(counts),
    })),
    transfers: transfers
      .map(({ cloud, from, to, count }) => ({
        service_provider: cloudOf(cloud),
        from_project: projectOf(from),
        to_project: projectOf(to),
        resources: count,
      }))
      .filter(
        ({ service_provider, from_project, to_project }) =>
          maySee(viewer, service_provider, from_project) &&
          maySee(viewer, service_provider, to_project),
      )
      .slice(0, MOST_TRANSFERS),
  }
}

/** The counts of each project or type that had something at a moment, those with the most first. */
function groupByOwner(all: readonly Counts[], step: number) {
  const groups = new Map<number, Counts[]>()
  for (const counts of all) {
    if ((counts.steps[step] ?? 0) === 0) continue
    groups.set(counts.of, [...(groups.get(counts.of) ?? []), counts])
  }
  return [...groups]
    .map(([of, counts]) => ({
      of,
      total: counts.reduce((sum, { steps }) => sum + (steps[step] ?? 0), 0),
      counts: counts.sort((one, other) => one.cloud - other.cloud),
    }))
    .sort((one, other) => other.total - one.total)
}

/** What each cloud held at each moment. */
function sumByCloud(all: readonly Counts[]): [cloud: number, resources: number[]][] {
  const sums = new Map<number, number[]>()
  for (const { cloud, steps } of all) {
    const known = sums.get(cloud) ?? Array.from({ length: STEPS + 1 }, () => 0)
    sums.set(
      cloud,
      known.map((sum, step) => sum + (steps[step] ?? 0)),
    )
  }
  return [...sums].sort(([one], [other]) => one - other)
}
