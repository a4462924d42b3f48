import * as z from 'zod'
import { formatTime, now } from '../event/time.js'
import { micros } from '../ids.js'
import { firstPositionAt, positionAt } from '../replay/point.js'
import { readCloudActivity } from './cloud-activity.js'
import { timeShape } from './event-row.js'
import { defineQuery, pointText, wholeNumber } from './query.js'

const HOUR = 3600e6
const DAY = 24 * HOUR
/** Columns of the time axis. */
const MOST_COLUMNS = 400

const columnShape = z.object({
  /** Where on the time axis: 0 is the first. */
  column: z.number().int(),
  events: z.number().int(),
})

export const activityQuery = defineQuery({
  summary:
    'How many events each cloud had over a time, when its buses were silent, and when notifications may ' +
    'have been lost. A long time is read in the background: ask again while it is not complete.',
  parameters: z.strictObject({
    since: pointText.optional().meta({ description: 'Default: a week before `until`.' }),
    until: pointText.optional(),
    silence_hours: wholeNumber(1, 10_000).default(24).meta({
      description: 'A silence is reported if it is longer.',
    }),
  }),
  answer: z.object({
    complete: z.boolean(),
    from: timeShape.nullable(),
    until: timeShape.nullable(),
    columns: z.number().int(),
    clouds: z.array(
      z.object({
        service_provider: z.string(),
        /** The counts are null for a reader: they are those of all projects. */
        events: z.number().int().nullable(),
        unparseable: z.number().int().nullable(),
        last_heard: timeShape.nullable(),
        /** From emission to recording, by two clocks. */
        greatest_lag_seconds: z.number().nullable(),
        activity: z.array(columnShape).nullable(),
      }),
    ),
    silences: z.array(
      z.object({
        service_provider: z.string(),
        from: timeShape,
        until: timeShape,
        lasts: z.boolean(),
      }),
    ),
    gaps: z.array(
      z.object({
        service_provider: z.string(),
        from: timeShape.nullable(),
        until: timeShape.nullable(),
        what: z.string(),
        position: z.number().int(),
      }),
    ),
  }),
  async run({ log, settings, background }, { since, until, silence_hours }, viewer) {
    const to = until ? positionAt(log, until) : log.head().position
    const newest = log.get(to)?.recordedAt ?? now()
    const from = firstPositionAt(log, since ?? { time: micros(newest - 7 * DAY) })
    const key = JSON.stringify([since?.text ?? null, until?.text ?? null, silence_hours])
    const state = `${from} ${to}`
    const value = await background.activity.newest(key, state, () =>
      readCloudActivity(settings.logFile, { from, to }, silence_hours * HOUR),
    )
    if (value === null) {
      return { ...nothing, complete: false }
    }
    const { activity, silences, gaps } = value
    const seesAll = viewer === 'all'
    const isEmpty = activity.slices === 0
    const columns = Math.min(MOST_COLUMNS, activity.slices)
    return {
      complete: true,
      from: isEmpty ? null : timeOf(activity.from),
      until: isEmpty ? null : timeOf(activity.until),
      columns,
      clouds: [...activity.clouds].map(([service_provider, slices]) => {
        const inColumns = new Map<number, number>()
        for (const { index, events } of slices) {
          const column = Math.floor((index * columns) / activity.slices)
          inColumns.set(column, (inColumns.get(column) ?? 0) + events)
        }
        const last = slices.findLast(({ last_heard }) => last_heard !== null)?.last_heard
        const lags = slices.flatMap(({ greatest_lag }) => greatest_lag ?? [])
        return {
          service_provider,
          events: seesAll ? slices.reduce((sum, { events }) => sum + events, 0) : null,
          unparseable: seesAll
            ? slices.reduce((sum, { unparseable }) => sum + unparseable, 0)
            : null,
          last_heard: last === undefined || last === null ? null : timeOf(last),
          greatest_lag_seconds: lags.length === 0 ? null : Math.max(...lags) / 1e6,
          activity: seesAll ? [...inColumns].map(([column, events]) => ({ column, events })) : null,
        }
      }),
      silences: silences.map(({ cloud, from, until, lasts }) => ({
        service_provider: cloud,
        from: timeOf(from),
        until: timeOf(until),
        lasts,
      })),
      gaps: gaps.map(({ cloud, from, until, what, position }) => ({
        service_provider: cloud,
        from: from === null ? null : timeOf(from),
        until: until === null ? null : timeOf(until),
        what,
        position,
      })),
    }
  },
})

const nothing = { from: null, until: null, columns: 0, clouds: [], silences: [], gaps: [] }

function timeOf(at: number): string {
  return formatTime(micros(at))
}
