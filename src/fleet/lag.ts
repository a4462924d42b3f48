/** How far a node is behind the end of the stream. */
interface Lag {
  /** The last message that is in the log; null if there is none. */
  reached(offset: number | null): void
  /** The last message of the stream at this moment. */
  seen(endOffset: number): void
  /**
   * The number of messages, and for how many seconds it has been behind by the clock of this node; 0 at the end. null
   * before the end is known. The end is read once a second, so a shorter lag is not noticed.
   */
  value(): { readonly lagEvents: number | null; readonly lagSeconds: number | null }
}

/** @param clock in milliseconds */
export function createLag(clock: () => number): Lag {
  let at = -1
  let end: number | null = null
  let behindSince: number | null = null
  const update = () => {
    if (end === null || at >= end) behindSince = null
    else behindSince ??= clock()
  }
  return {
    reached(offset) {
      at = offset ?? -1
      update()
    },
    seen(endOffset) {
      end = endOffset
      update()
    },
    value: () =>
      end === null
        ? { lagEvents: null, lagSeconds: null }
        : {
            lagEvents: Math.max(0, end - at),
            lagSeconds: behindSince === null ? 0 : (clock() - behindSince) / 1000,
          },
  }
}
