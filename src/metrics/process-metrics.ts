import { collectDefaultMetrics, Registry } from 'prom-client'

/** The kinds of process that there are; a label of the metrics that every one of them has. */
export type Role = 'supervisor' | 'recorder' | 'worker'

/** A place for the metrics of this process, with what any Node process has to tell already in it. */
export function createRegistry(role: Role): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, labels: { process: role } })
  for (const name of sums) registry.removeSingleMetric(name)
  return registry
}

/**
 * Gauges of prom-client with the ending of a counter, each the sum of the one without it:
 * sum(nodejs_active_handles). By Prometheus' naming only counters end in _total.
 */
const sums = ['handles', 'requests', 'resources'].map(what => `nodejs_active_${what}_total`)
