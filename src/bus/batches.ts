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
  /** How many batches may be in delivery at a time; see `Deliver`. 1 by default. */
  readonly atOnce?: number
}

/**
 * Deliver a batch. With `atOnce`, the next complete batch is begun before the last one is delivered, so that it can be
 * prepared meanwhile.
 *
 * @param previous settles when the batch before is delivered, or rejects with its failure. Without `atOnce` it has settled
 */
type Deliver<Item> = (batch: readonly Item[], previous: Promise<void>) => void | Promise<void>

/**
 * A transaction for 250 items costs about as much as for one item. A larger batch would hold up other clouds,
 * and responses that wait for the recorder, and would not be faster. While one is recorded, the next one is read.
 */
export const DEFAULT_BATCH = { maxItems: 250, pauseMs: 10, atOnce: 2 } satisfies BatchOptions

const DEFAULT_MAX_BYTES = 8 * 1024 * 1024

/** Collects items into batches. */
interface Batcher<Item> {
  add(item: Item): void
  /** Deliver all waiting items, and resolve when they are delivered. @throws what `deliver` has thrown */
  drain(): Promise<void>
  /** Drop all waiting items, and resolve at the end of the deliveries in progress. */
  discard(): Promise<void>
}

/**
 * Batches are delivered in order. The next batch grows during a delivery and the pause after it. Between two
 * batches the event loop runs once, so that other work can continue.
 *
 * @param sizeOf the size of an item in bytes
 * @param onFailure called once with the error of `deliver`; nothing is delivered after that
 */
export function createBatcher<Item>(
  { maxItems, maxBytes = DEFAULT_MAX_BYTES, pauseMs, atOnce = 1 }: BatchOptions,
  sizeOf: (item: Item) => number,
  deliver: Deliver<Item>,
  onFailure: (error: unknown) => void,
): Batcher<Item> {
  let waiting: Item[] = []
  let waitingBytes = 0
  let pauseEnd = 0
  let timer: NodeJS.Timeout | undefined
  let draining = false
  let failed = false
  /** The newest delivery. It ends after all earlier ones. */
  let delivery: Promise<void> = Promise.resolve()
  let delivering = 0

  const isDue = () => draining || waiting.length >= maxItems || waitingBytes >= maxBytes

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

  async function deliverBatch(previous: Promise<void>): Promise<void> {
    const batch = takeBatch()
    delivering += 1
    try {
      if (delivering > 1) await nextTurn()
      try {
        await deliver(batch, previous)
      } finally {
        await previous // also after a failure: nothing is in progress when the newest delivery has ended
      }
      if (delivering > 1 || (waiting.length > 0 && isDue())) await nextTurn()
    } finally {
      delivering -= 1
      pauseEnd = performance.now() + pauseMs
    }
  }

  function startDelivery(): void {
    clearTimeout(timer)
    timer = undefined
    if (failed || waiting.length === 0 || delivering >= (isDue() ? atOnce : 1)) return
    delivery = deliverBatch(delivery)
    delivery.then(schedule, (error: unknown) => {
      if (!failed) onFailure(error)
      failed = true
    })
  }

  /** Start the next delivery when its batch is complete, or when the pause is over. */
  function schedule(): void {
    if (failed || waiting.length === 0) return
    if (isDue()) startDelivery()
    // without a pause the timer still waits for 1 ms: items that arrive together are one batch
    else if (delivering === 0) {
      timer ??= setTimeout(startDelivery, Math.max(1, pauseEnd - performance.now()))
    }
  }

  return {
    add(item) {
      if (failed) return
      waiting.push(item)
      waitingBytes += sizeOf(item)
      schedule()
    },
    async drain() {
      draining = true
      let last: Promise<void>
      do {
        startDelivery()
        last = delivery
        await last
      } while (last !== delivery)
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
