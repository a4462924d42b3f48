import { Counter } from 'prom-client'
import { createRegistry, type Role } from './process-metrics.js'
import type { MetricsSnapshot } from './snapshot.js'

/** What the supervisor counts. */
export interface SupervisorMetrics {
  died(process: Exclude<Role, 'supervisor'>): void
  reloaded(result: 'taken' | 'refused' | 'failed'): void
  report(): Promise<MetricsSnapshot>
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
    died: process => deaths.inc({ process }),
    reloaded: result => reloads.inc({ result }),
    report: () => registry.getMetricsAsJSON(),
  }
}
