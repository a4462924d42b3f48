import type { IncomingMessage, ServerResponse } from 'node:http'

/** Counts the writes that reached the clouds, by the number that their client gave them. */
export interface WriteCounter {
  /** How often each write reached a cloud. */
  readonly counts: ReadonlyMap<string, number>
  readonly intercept: (cloud: string, request: IncomingMessage, response: ServerResponse) => boolean
}

/** The header with the number of a write. The proxy forwards it like any header of the client. */
export const WRITE_NUMBER = 'x-write-number'

export function countWrites(): WriteCounter {
  const counts = new Map<string, number>()
  return {
    counts,
    intercept(_cloud, { headers }) {
      const number = headers[WRITE_NUMBER]
      if (typeof number === 'string') counts.set(number, (counts.get(number) ?? 0) + 1)
      return false
    },
  }
}
