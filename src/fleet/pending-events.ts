import type { Event } from '../event/event.js'

/** Events that this node has published and not yet read back from the stream. */
interface PendingEvents {
  /** Resolves when all these events were read back. The log and the views have them then. */
  expect(events: readonly Event[]): Promise<void>
  /** Mark events that were read from the stream and are in the log. */
  settle(events: readonly Event[]): void
  /** Reject all promises, because the node stops. */
  abandon(reason: unknown): void
}

interface PendingBatch {
  missing: number
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

export function createPendingEvents(): PendingEvents {
  const batches = new Map<string, PendingBatch>()
  return {
    expect: events =>
      new Promise((resolve, reject) => {
        const batch = { missing: events.length, resolve, reject }
        for (const event of events) batches.set(keyOf(event), batch)
        if (events.length === 0) resolve()
      }),
    settle(events) {
      if (batches.size === 0) return
      for (const event of events) {
        const batch = batches.get(keyOf(event))
        if (!batch) continue
        batches.delete(keyOf(event))
        batch.missing -= 1
        if (batch.missing === 0) batch.resolve()
      }
    },
    abandon(reason) {
      for (const { reject } of batches.values()) reject(reason)
      batches.clear()
    },
  }
}

function keyOf({ serviceProvider, messageId }: Event): string {
  return `${serviceProvider}\n${messageId}`
}
