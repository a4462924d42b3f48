import { now } from '../event/time.js'
import { redactText } from '../redaction.js'
import type { BusStatus } from './bus.js'

/** Keeps the status of a bus, from the reports of its parts. */
export interface StatusTracker {
  value(): BusStatus
  connected(missing: readonly string[]): void
  failed(error: unknown): void
  delivered(count: number): void
  /** @param messages null if it is not known */
  waiting(messages: number | null): void
  stopped(): void
}

export function createStatusTracker(): StatusTracker {
  let status: BusStatus = {
    state: 'connecting',
    since: now(),
    lastError: null,
    missing: [],
    delivered: 0,
    lastDeliveryAt: null,
    waiting: null,
  }
  /** `since` is the time of the first failure, not of the last. */
  const changeState = (state: BusStatus['state'], fields: Partial<BusStatus>) => {
    const since = state === status.state ? status.since : now()
    status = { ...status, ...fields, state, since }
  }
  return {
    value: () => status,
    connected: missing => changeState('connected', { missing, lastError: null }),
    failed: error => changeState('retrying', { lastError: messageOf(error), waiting: null }),
    delivered(count) {
      status = { ...status, delivered: status.delivered + count, lastDeliveryAt: now() }
    },
    waiting(messages) {
      status = { ...status, waiting: messages }
    },
    stopped: () => changeState('stopped', {}),
  }
}

/** The message of an error in one line, redacted. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return redactText(String(error))
  // If Node has tried several addresses of a host, it throws an error without a message
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ')
  return redactText(error.message)
}
