import type { Event } from '../event/event.js'

/** Events of this node that were published, and have not come back from the stream. */
interface Returns {
  /** Resolves when all these events have come back, so that the log and the views have them. */
  expect(events: readonly Event[]): Promise<void>
  /** These came from the stream, and are in the log. */
  settle(events: readonly Event[]): void
  /** Reject all, at the end of the node. */
  abandon(reason: unknown): void
}

interface Expectation {
  missing: number
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

export function createReturns(): Returns {
  const expected = new Map<string, Expectation>()
  return {
    expect: events =>
      new Promise((resolve, reject) => {
        const expectation = { missing: events.length, resolve, reject }
        for (const event of events) expected.set(keyOf(event), expectation)
        if (events.length === 0) resolve()
      }),
    settle(events) {
      if (expected.size === 0) return
      for (const event of events) {
        const expectation = expected.get(keyOf(event))
        if (!expectation) continue
        expected.delete(keyOf(event))
        expectation.missing -= 1
        if (expectation.missing === 0) expectation.resolve()
      }
    },
    abandon(reason) {
      for (const { reject } of expected.values()) reject(reason)
      expected.clear()
    },
  }
}

function keyOf({ serviceProvider, messageId }: Event): string {
  return `${serviceProvider}\n${messageId}`
}
