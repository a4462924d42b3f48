import { setImmediate as nextTurn } from 'node:timers/promises'

/** How items are collected into batches. */
export interface BatchOptions {
  readonly maxItems: number
  /** A batch is complete when it reaches this size. 8 MiB by default. */
  readonly maxBytes?: number
  /** A batch is complete when no item has arrived for this time. */
  readonly quietMs: number
}

/** A transaction for a thousand items costs about as much as for one item. Views may lag 20 ms behind. */
export const DEFAULT_BATCH: BatchOptions = { maxItems: 1000, quietMs: 5 }

const DEFAULT_MAX_BYTES = 8 * 1024 * 1024

/** No item waits longer than this many quiet times, even if items keep arriving. */
const MAX_QUIET_TIMES = 4

/** Collects items into batches. */
interface Batcher<Item> {
  add(item: Item): void
  /** Deliver all waiting items, and resolve when they are delivered. @throws what `deliver` has thrown */
  drain(): Promise<void>
  /** Drop all waiting items, and resolve at the end of a delivery in progress. */
  discard(): Promise<void>
}

/**
 * Batches are delivered one at a time and in order. The next batch grows during a delivery. Between two
 * batches the event loop runs once, so that other work can continue.
 *
 * @param sizeOf the size of an item in bytes
 * @param onFailure called once with the error of `deliver`; nothing is delivered after that
 */
export function createBatcher<Item>(
  { maxItems, maxBytes = DEFAULT_MAX_BYTES, quietMs }: BatchOptions,
  sizeOf: (item: Item) => number,
  deliver: (batch: readonly Item[]) => void | Promise<void>,
  onFailure: (error: unknown) => void,
): Batcher<Item> {
  let waiting: Item[] = []
  let waitingBytes = 0
  let waitingSince = 0
  let timer: NodeJS.Timeout | undefined
  let failed = false
  let delivery: Promise<void> = Promise.resolve()
  let delivering = false

  async function deliverAll(): Promise<void> {
    delivering = true
    try {
      while (waiting.length > 0 && !failed) {
        await deliver(takeBatch())
        if (waiting.length > 0) await nextTurn()
      }
    } finally {
      delivering = false
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

  /** Deliver until no item waits. Items that arrive during a delivery do not wait for more items. */
  function startDelivery(): void {
    clearTimeout(timer)
    timer = undefined
    if (delivering || failed) return
    delivery = deliverAll()
    delivery.catch((error: unknown) => {
      failed = true
      onFailure(error)
    })
  }

  return {
    add(item) {
      if (failed) return
      if (waiting.push(item) === 1) waitingSince = performance.now()
      waitingBytes += sizeOf(item)
      const isFull = waiting.length >= maxItems || waitingBytes >= maxBytes
      const isOverdue = performance.now() - waitingSince >= MAX_QUIET_TIMES * quietMs
      if (isFull || isOverdue) startDelivery()
      else if (timer) timer.refresh()
      else timer = setTimeout(startDelivery, quietMs)
    },
    drain() {
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
