import { now } from '../event/time.js'
import { redactText } from '../redaction.js'
import type { BusStatus } from './bus.js'

/** The state of a bus, as its parts report it. */
export interface StatusKeeper {
  value(): BusStatus
  connected(missing: readonly string[]): void
  failed(error: unknown): void
  delivered(count: number): void
  stopped(): void
}

export function keepStatus(): StatusKeeper {
  let status: BusStatus = {
    state: 'connecting',
    since: now(),
    lastError: null,
    missing: [],
    delivered: 0,
    lastDeliveryAt: null,
  }
  /** Retrying goes on since the first failure, not since the last. */
  const enter = (state: BusStatus['state'], fields: Partial<BusStatus>) => {
    const since = state === status.state ? status.since : now()
    status = { ...status, ...fields, state, since }
  }
  return {
    value: () => status,
    connected: missing => enter('connected', { missing, lastError: null }),
    failed: error => enter('retrying', { lastError: messageOf(error) }),
    delivered(count) {
      status = { ...status, delivered: status.delivered + count, lastDeliveryAt: now() }
    },
    stopped: () => enter('stopped', {}),
  }
}

/** An error in one line, as far as it may be shown. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return redactText(String(error))
  // node gives an error without words where it tried several addresses of a host
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ')
  return redactText(error.message)
}
