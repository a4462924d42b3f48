import { AggregatorRegistry, Registry } from 'prom-client'

/** All metrics of one process at one moment, as plain values that can go from process to process. */
export type Report = Readonly<Awaited<ReturnType<Registry['getMetricsAsJSON']>>>

/** What Prometheus wants to be told that the page is. */
export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE

/** One page of the metrics of several processes: what has the same name and labels is one sum. */
export function renderReports(reports: readonly Report[]): Promise<string> {
  return merge(reports).metrics()
}

/**
 * What processes that are gone leave behind: their counters and histograms. A sum over processes
 * that lost those would go down, which Prometheus takes for a restart of everything.
 */
export async function bequest(reports: readonly Report[]): Promise<Report> {
  const lasting = reports.map(report =>
    report.filter(({ type, aggregator }) => counted.has(String(type)) && aggregator === 'sum'),
  )
  return await merge(lasting).getMetricsAsJSON()
}

const counted = new Set(['counter', 'histogram'])

function merge(reports: readonly Report[]): Registry {
  return AggregatorRegistry.aggregate([...reports])
}
