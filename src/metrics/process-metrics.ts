import { collectDefaultMetrics, Registry } from 'prom-client'

/** The kinds of process that there are; a label of the metrics that every one of them has. */
export type Role = 'supervisor' | 'recorder' | 'worker'

/** A place for the metrics of this process, with what any Node process has to tell already in it. */
export function createRegistry(role: Role): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, labels: { process: role } })
  return registry
}
