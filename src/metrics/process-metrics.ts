import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { version } from '../version.js'

/** The kinds of process: a label of the metrics that every process has. */
export type Role = 'supervisor' | 'recorder' | 'worker'

/** Create a registry for the metrics of this process, with the default metrics of Node. */
export function createRegistry(role: Role): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, labels: { process: role } })
  addBuildInfo(registry)
  for (const name of sums) registry.removeSingleMetric(name)
  return registry
}

/** One sample for all processes together: they have one version. */
function addBuildInfo(registry: Registry): void {
  const info = new Gauge({
    name: 'mixmatch_build_info',
    help: 'The versions of Mixmatch and of Node that run; the value is always 1.',
    labelNames: ['version', 'node'],
    aggregator: 'first',
    registers: [registry],
  })
  info.set({ version, node: process.versions.node }, 1)
}

/**
 * Gauges of prom-client with the ending of a counter, each the sum of the one without it:
 * sum(nodejs_active_handles). By Prometheus' naming only counters end in _total.
 */
const sums = ['handles', 'requests', 'resources'].map(what => `nodejs_active_${what}_total`)
