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

/** Add one sample for all processes together, because they have the same version. */
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
 * Gauges of prom-client whose names end like a counter. Each is the sum of another one, such as
 * sum(nodejs_active_handles). In Prometheus' naming rules only counters end in _total.
 */
const sums = ['handles', 'requests', 'resources'].map(what => `nodejs_active_${what}_total`)
