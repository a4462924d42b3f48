import type { Logger } from 'pino'
import type { Bus } from '../bus/bus.js'
import type { Config } from '../config/config.js'
import { sharedSecrets } from '../config/shared-secrets.js'
import { type Event, ownEventTypes } from '../event/event.js'
import type { FleetStatus } from '../fleet/fleet-status.js'
import { type FleetNode, openFleetNode } from '../fleet/open-node.js'

/** Open the part of a recorder in its fleet; null for a single machine. */
export function openFleet(
  config: Pick<Config, 'auth' | 'clouds' | 'fleet'>,
  signal: AbortSignal,
  logger: Logger,
): FleetNode | null {
  const { stream } = config.fleet
  if (stream === null) return null
  const secrets = sharedSecrets(config)
  return openFleetNode({ stream, secrets, signal }, logger)
}

export function fleetStatus(fleet: FleetNode | null, buses: readonly Bus[]): FleetStatus | null {
  const status = fleet?.status() ?? null
  return status && { ...status, buses: buses.map(toFleetBus) }
}

/** A node is the active consumer from its first delivery until its connection breaks. */
function toFleetBus({ serviceProvider, name, status }: Bus): FleetStatus['buses'][number] {
  const { state, since, lastDeliveryAt } = status()
  const whenConnected = lastDeliveryAt !== null && lastDeliveryAt >= since ? 'active' : 'waiting'
  return { serviceProvider, bus: name, role: state === 'connected' ? whenConnected : 'lost' }
}

const ofBuses: readonly string[] = [
  ownEventTypes.queueDeclared,
  ownEventTypes.exchangeDurable,
  ownEventTypes.exchangeTransient,
  ownEventTypes.exchangeRedeclared,
]

/**
 * Whether an event about a bus is true for all nodes, so that it belongs in the log of a fleet. The connections of one
 * node do not.
 */
export function isOfBus({ eventType }: Event): boolean {
  return ofBuses.includes(eventType)
}
