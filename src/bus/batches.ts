import { setImmediate as nextTurn } from 'node:timers/promises'

/** How items are collected into batches. */
export interface BatchOptions {
  readonly maxItems: number
  /** A batch is complete when it reaches this size. 8 MiB by default. */
  readonly maxBytes?: number
  /**
   * The pause after a batch, in which the next one is collected. It ends early if that is complete. After a
   * longer quiet time the next item does not wait.
   */
  readonly pauseMs: number
}

/**
 * A transaction for 250 items costs about as much as for one item. A larger batch would hold up other clouds,
 * and responses that wait for the recorder, and would not be faster.
 */
export const DEFAULT_BATCH: BatchOptions = { maxItems: 250, pauseMs: 10 }

const DEFAULT_MAX_BYTES = 8 * 1024 * 1024

/** Collects items into batches. */
interface Batcher<Item> {
  add(item: Item): void
  /** Deliver all waiting items, and resolve when they are delivered. @throws what `deliver` has thrown */
  drain(): Promise<void>
  /** Drop all waiting items, and resolve at the end of a delivery in progress. */
  discard(): Promise<void>
}

/**
 * Batches are delivered one at a time and in order. The next batch grows during a delivery and the pause
 * after it. Between two batches the event loop runs once, so that other work can continue.
 *
 * @param sizeOf the size of an item in bytes
 * @param onFailure called once with the error of `deliver`; nothing is delivered after that
 */
export function createBatcher<Item>(
  { maxItems, maxBytes = DEFAULT_MAX_BYTES, pauseMs }: BatchOptions,
  sizeOf: (item: Item) => number,
  deliver: (batch: readonly Item[]) => void | Promise<void>,
  onFailure: (error: unknown) => void,
): Batcher<Item> {
  let waiting: Item[] = []
  let waitingBytes = 0
  let pauseEnd = 0
  let timer: NodeJS.Timeout | undefined
  let draining = false
  let failed = false
  let delivery: Promise<void> = Promise.resolve()
  let delivering = false

  const isComplete = () => waiting.length >= maxItems || waitingBytes >= maxBytes
  const isDue = () => !failed && waiting.length > 0 && (draining || isComplete())

  /** Deliver a batch, and further ones as long as they are complete. */
  async function deliverBatches(): Promise<void> {
    delivering = true
    try {
      do {
        await deliver(takeBatch())
        if (isDue()) await nextTurn()
      } while (isDue())
    } finally {
      delivering = false
      pauseEnd = performance.now() + pauseMs
    }
  }

  function takeBatch(): readonly Item[] {
    let count = 0
    let bytes = 0
    for (const item of waiting) {
      if (count === maxItems || bytes >= maxBytes) break
      count += 1
      bytes += sizeOf(item)
    }
    const batch = waiting.slice(0, count)
    waiting = waiting.slice(count)
    waitingBytes -= bytes
    return batch
  }

  function startDelivery(): void {
    clearTimeout(timer)
    timer = undefined
    if (delivering || failed || waiting.length === 0) return
    delivery = deliverBatches()
    delivery.then(schedule, (error: unknown) => {
      failed = true
      onFailure(error)
    })
  }

  /** Start the next delivery when its batch is complete, or when the pause is over. */
  function schedule(): void {
    if (delivering || failed || waiting.length === 0) return
    if (isDue()) startDelivery()
    // without a pause the timer still waits for 1 ms: items that arrive together are one batch
    else timer ??= setTimeout(startDelivery, Math.max(1, pauseEnd - performance.now()))
  }

  return {
    add(item) {
      if (failed) return
      waiting.push(item)
      waitingBytes += sizeOf(item)
      schedule()
    },
    drain() {
      draining = true
      startDelivery()
      return delivery
    },
    async discard() {
      clearTimeout(timer)
      waiting = []
      waitingBytes = 0
      failed = true
      await delivery.catch(() => {})
    },
  }
}
