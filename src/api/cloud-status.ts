import * as z from 'zod'
import { formatTime } from '../event/time.js'
import { micros } from '../ids.js'
import type { MetricsSnapshot } from '../metrics/snapshot.js'
import type { Cloud } from '../routing/federation.js'
import { timeShape } from './event-row.js'

/** What the running processes report about themselves. */
interface LiveStatus {
  readonly metrics: readonly MetricsSnapshot[]
  readonly missing: readonly { readonly part: string; readonly reason: string }[]
  readonly degraded: readonly {
    readonly part: string
    readonly service_provider: string
    readonly reason: string
  }[]
}

const missingShape = z.object({ part: z.string(), reason: z.string() })

/** The state of all clouds at this moment. */
export const cloudsShape = z.object({
  /** What the processes lack to do their work; empty if they lack nothing. */
  missing: z.array(missingShape),
  /**
   * Events in the log, events that the views know, and ids that several clouds claim. null without a
   * recorder here. A reader does not see the count of conflicts.
   */
  log_position: z.number().nullable(),
  views_position: z.number().nullable(),
  conflicts: z.number().nullable(),
  clouds: z.array(
    z.object({
      name: z.string(),
      /** Its name in Keystone. */
      sp_name: z.string(),
      enabled_services: z.array(z.string()).readonly(),
      buses: z.array(
        z.object({
          /** null for the only bus of its cloud. */
          bus: z.string().nullable(),
          connected: z.boolean(),
          last_message_at: timeShape.nullable(),
        }),
      ),
      /** Why a bus of it is not connected. */
      problems: z.array(z.string()),
      /** Expected exchanges from which nothing comes. */
      missing_exchanges: z.number(),
      /** From the emission of the last notification to its recording, by two clocks. */
      lag_seconds: z.number().nullable(),
      /** Workers that do not wait for it at the moment, because it failed time and again. */
      breaker_open: z.number(),
    }),
  ),
})

/** Describe the clouds of a configuration by what the processes report. */
export function describeClouds(
  clouds: readonly Cloud[],
  { metrics, missing, degraded }: LiveStatus,
): z.output<typeof cloudsShape> {
  const samples = (name: string) => samplesOf(metrics, `mixmatch_${name}`)
  const firstOf = (name: string, cloud?: string) =>
    samples(name).find(({ labels }) => labels['cloud'] === cloud)?.value ?? null
  const lastMessages = samples('bus_last_message_timestamp_seconds')
  const sumOf = (name: string, cloud: string) =>
    samples(name)
      .filter(({ labels }) => labels['cloud'] === cloud)
      .reduce((sum, { value }) => sum + value, 0)
  return {
    missing: missing.map(({ part, reason }) => ({ part, reason })),
    log_position: firstOf('log_position'),
    views_position: firstOf('views_position'),
    conflicts: firstOf('conflicts'),
    clouds: clouds.map(({ name, spName, enabledServices }) => ({
      name,
      sp_name: spName,
      enabled_services: enabledServices,
      buses: samples('bus_connected')
        .filter(({ labels }) => labels['cloud'] === name)
        .map(({ labels: { bus }, value }) => {
          const last = lastMessages.find(
            ({ labels }) => labels['cloud'] === name && labels['bus'] === bus,
          )
          return {
            bus: bus ?? null,
            connected: value === 1,
            last_message_at: last ? formatTime(micros(Math.round(last.value * 1e6))) : null,
          }
        }),
      problems: degraded
        .filter(({ service_provider }) => service_provider === name)
        .map(({ reason }) => reason),
      missing_exchanges: sumOf('bus_missing_exchanges', name),
      lag_seconds: firstOf('notification_delay_seconds', name),
      breaker_open: sumOf('breaker_open', name),
    })),
  }
}

interface Sample {
  readonly value: number
  readonly labels: Readonly<Record<string, string | undefined>>
}

function samplesOf(snapshots: readonly MetricsSnapshot[], name: string): Sample[] {
  return snapshots
    .flat()
    .filter(metric => metric.name === name)
    .flatMap(({ values }) =>
      values.map(({ value, labels }) => ({
        value: Number(value),
        labels: Object.fromEntries(
          Object.entries(labels).map(([label, text]) => [label, String(text)]),
        ),
      })),
    )
}
