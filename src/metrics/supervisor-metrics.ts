import { Counter } from 'prom-client'
import { createRegistry, type Role } from './process-metrics.js'
import type { MetricsSnapshot } from './snapshot.js'

/** The metrics of the supervisor. */
export interface SupervisorMetrics {
  countDeath(process: Exclude<Role, 'supervisor'>): void
  countReload(result: 'taken' | 'refused' | 'failed'): void
  snapshot(): Promise<MetricsSnapshot>
}

export function createSupervisorMetrics(): SupervisorMetrics {
  const registry = createRegistry('supervisor')
  const registers = [registry]
  const deaths = new Counter({
    name: 'mixmatch_process_deaths_total',
    help: 'Processes that ended without being asked to, and were started again.',
    labelNames: ['process'],
    registers,
  })
  const reloads = new Counter({
    name: 'mixmatch_reloads_total',
    help: 'How often the configuration was read again.',
    labelNames: ['result'],
    registers,
  })
  return {
    countDeath: process => deaths.inc({ process }),
    countReload: result => reloads.inc({ result }),
    snapshot: () => registry.getMetricsAsJSON(),
  }
}
