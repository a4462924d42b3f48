import type { ServerResponse } from 'node:http'

/**
 * The responses that are not finished yet, in slots that are used again.
 *
 * A Set would do the same, but each request would add to it and delete from it. V8 then replaces the table
 * of the Set again and again, and an old table keeps its responses in memory until the next full garbage
 * collection: a worker under load took 200 MB instead of 140.
 */
export class RunningResponses {
  readonly #slots: (ServerResponse | null)[] = []
  readonly #free: number[] = []

  get size(): number {
    return this.#slots.length - this.#free.length
  }

  /** @returns the function that removes the response; call it once */
  add(res: ServerResponse): () => void {
    const slot = this.#free.pop() ?? this.#slots.length
    this.#slots[slot] = res
    return () => {
      this.#slots[slot] = null
      this.#free.push(slot)
    }
  }

  *[Symbol.iterator](): Generator<ServerResponse> {
    for (const res of this.#slots) if (res) yield res
  }
}
