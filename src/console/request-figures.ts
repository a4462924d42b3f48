import type { MetricsSnapshot } from '../metrics/snapshot.js'

/** What the workers counted since they started, by cloud. */
export interface RequestFigures {
  readonly cloud: string
  readonly requests: number
  /** By reason of the decision, and by the hundreds of the status: `2xx`. */
  readonly byReason: ReadonlyMap<string, number>
  readonly byStatus: ReadonlyMap<string, number>
  /** Seconds that half of the requests took at most, and 95 of 100, and 99. */
  readonly quantiles: readonly (number | null)[]
}

export const QUANTILES = [0.5, 0.95, 0.99]

/** Sum up the metrics of all workers. The cloud `none` is for requests that were sent to no cloud. */
export function summarizeRequests(snapshots: readonly MetricsSnapshot[]): RequestFigures[] {
  const figures = new Map<string, Tally>()
  const tallyOf = (cloud: string) => {
    const known = figures.get(cloud) ?? {
      requests: 0,
      byReason: new Map(),
      byStatus: new Map(),
      buckets: new Map(),
    }
    figures.set(cloud, known)
    return known
  }
  for (const { name, labels, value } of samplesOf(snapshots)) {
    const cloud = labels['cloud'] ?? 'none'
    if (name === 'mixmatch_requests_total') {
      const tally = tallyOf(cloud)
      tally.requests += value
      add(tally.byReason, labels['reason'] ?? 'none', value)
      add(tally.byStatus, `${labels['code']?.charAt(0) ?? '?'}xx`, value)
    } else if (name === 'mixmatch_request_duration_seconds_bucket') {
      add(tallyOf(cloud).buckets, labels['le'] === '+Inf' ? Infinity : Number(labels['le']), value)
    }
  }
  return [...figures]
    .map(([cloud, { buckets, ...tally }]) => ({
      cloud,
      ...tally,
      quantiles: QUANTILES.map(quantile => estimateQuantile(buckets, quantile)),
    }))
    .sort((one, other) => other.requests - one.requests)
}

interface Tally {
  requests: number
  readonly byReason: Map<string, number>
  readonly byStatus: Map<string, number>
  /** Cumulative counts by the upper bound in seconds. */
  readonly buckets: Map<number, number>
}

function add<Key>(counts: Map<Key, number>, key: Key, value: number): void {
  counts.set(key, (counts.get(key) ?? 0) + value)
}

/** As `histogram_quantile` of Prometheus: linear within a bucket. Infinity beyond the last bound. */
function estimateQuantile(buckets: ReadonlyMap<number, number>, quantile: number): number | null {
  const bounds = [...buckets].sort(([one], [other]) => one - other)
  const total = bounds.at(-1)?.[1] ?? 0
  if (total === 0) return null
  const rank = quantile * total
  let [lowest, below] = [0, 0]
  for (const [bound, count] of bounds) {
    if (count >= rank) {
      if (bound === Infinity) return Infinity
      return lowest + ((bound - lowest) * (rank - below)) / Math.max(1, count - below)
    }
    ;[lowest, below] = [bound, count]
  }
  return null
}

function samplesOf(snapshots: readonly MetricsSnapshot[]) {
  return snapshots.flat().flatMap(metric =>
    metric.values.map(sample => ({
      name:
        'metricName' in sample && sample.metricName !== undefined
          ? String(sample.metricName)
          : metric.name,
      value: Number(sample.value),
      labels: Object.fromEntries(
        Object.entries(sample.labels).map(([label, text]) => [label, String(text)]),
      ),
    })),
  )
}
