import { AggregatorRegistry, Registry } from 'prom-client'

/** All metrics of one process at one moment, as plain values that can go from process to process. */
export type MetricsSnapshot = Readonly<Awaited<ReturnType<Registry['getMetricsAsJSON']>>>

/** The content type of the text that Prometheus reads. */
export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE

/** One page for the metrics of several processes: what has the same name and labels is summed up. */
export function renderMetrics(snapshots: readonly MetricsSnapshot[]): Promise<string> {
  return aggregate(snapshots).metrics()
}

/**
 * The counters and histograms of processes that exited. Without them the sum over all processes would
 * go down, which Prometheus takes for a restart of everything.
 */
export async function sumCounters(snapshots: readonly MetricsSnapshot[]): Promise<MetricsSnapshot> {
  const lasting = snapshots.map(snapshot =>
    snapshot.filter(({ type, aggregator }) => counters.has(String(type)) && aggregator === 'sum'),
  )
  return await aggregate(lasting).getMetricsAsJSON()
}

const counters = new Set(['counter', 'histogram'])

function aggregate(snapshots: readonly MetricsSnapshot[]): Registry {
  return AggregatorRegistry.aggregate([...snapshots])
}
