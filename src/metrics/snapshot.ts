import { AggregatorRegistry, Registry } from 'prom-client'

/** All metrics of one process at one moment, as plain values that can be sent to another process. */
export type MetricsSnapshot = Readonly<Awaited<ReturnType<Registry['getMetricsAsJSON']>>>

/** The content type of the text that Prometheus reads. */
export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE

/** Render the metrics of several processes as one page. Samples with the same name and labels are summed up. */
export function renderMetrics(snapshots: readonly MetricsSnapshot[]): Promise<string> {
  return aggregate(snapshots).metrics()
}

/**
 * Sum up the counters and histograms of exited processes. Without them the sum over all processes would
 * decrease, and Prometheus would see a restart of all processes.
 */
export async function sumCounters(snapshots: readonly MetricsSnapshot[]): Promise<MetricsSnapshot> {
  const countersOnly = snapshots.map(snapshot =>
    snapshot.filter(({ type, aggregator }) => counters.has(String(type)) && aggregator === 'sum'),
  )
  return await aggregate(countersOnly).getMetricsAsJSON()
}

const counters = new Set(['counter', 'histogram'])

function aggregate(snapshots: readonly MetricsSnapshot[]): Registry {
  return AggregatorRegistry.aggregate([...snapshots])
}
