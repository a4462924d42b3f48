import { setImmediate as nextTurn } from 'node:timers/promises'

/** How deliveries are gathered before they are handed on. */
export interface BatchOptions {
  readonly most: number
  /** A batch is complete with the item that brings it to so many bytes. 8 MiB by default. */
  readonly mostBytes?: number
  /** Milliseconds without a further one after which a batch is complete. */
  readonly quietMs: number
}

/** One transaction for up to a thousand costs what one for a single delivery does; a view may lag 20 ms. */
export const DEFAULT_BATCH: BatchOptions = { most: 1000, quietMs: 5 }

const MOST_BYTES = 8 * 1024 * 1024

/** However many keep coming, none waits longer than this many quiet times. */
const LONGEST_WAIT = 4

/** Gathers what comes one by one. */
export interface Batches<Item> {
  add(item: Item): void
  /** Hand on all that is there, and resolve when that is done. @throws what `handOn` threw, ever */
  drain(): Promise<void>
  /** Forget what waits, and resolve when the batch in hand, if any, is done with. */
  discard(): Promise<void>
}

/**
 * Batches are handed on one at a time and in order; while one is taken, the next one grows. Between
 * two of them others have their turn.
 *
 * @param sizeOf bytes of an item
 * @param onFailure called once with what `handOn` threw; nothing is handed on after that
 */
export function createBatches<Item>(
  { most, mostBytes = MOST_BYTES, quietMs }: BatchOptions,
  sizeOf: (item: Item) => number,
  handOn: (batch: readonly Item[]) => void | Promise<void>,
  onFailure: (error: unknown) => void,
): Batches<Item> {
  let waiting: Item[] = []
  let waitingBytes = 0
  let waitingSince = 0
  let timer: NodeJS.Timeout | undefined
  let failed = false
  let work: Promise<void> = Promise.resolve()
  let working = false

  async function handOnAll(): Promise<void> {
    working = true
    try {
      while (waiting.length > 0 && !failed) {
        await handOn(takeBatch())
        if (waiting.length > 0) await nextTurn()
      }
    } finally {
      working = false
    }
  }

  function takeBatch(): readonly Item[] {
    let count = 0
    let bytes = 0
    for (const item of waiting) {
      if (count === most || bytes >= mostBytes) break
      count += 1
      bytes += sizeOf(item)
    }
    const batch = waiting.slice(0, count)
    waiting = waiting.slice(count)
    waitingBytes -= bytes
    return batch
  }

  /** What comes while it works is taken along: it has waited long enough. */
  function start(): void {
    clearTimeout(timer)
    timer = undefined
    if (working || failed) return
    work = handOnAll()
    work.catch((error: unknown) => {
      failed = true
      onFailure(error)
    })
  }

  return {
    add(item) {
      if (failed) return
      if (waiting.push(item) === 1) waitingSince = performance.now()
      waitingBytes += sizeOf(item)
      const overdue = performance.now() - waitingSince >= LONGEST_WAIT * quietMs
      if (waiting.length >= most || waitingBytes >= mostBytes || overdue) start()
      else if (timer) timer.refresh()
      else timer = setTimeout(start, quietMs)
    },
    drain() {
      start()
      return work
    },
    async discard() {
      clearTimeout(timer)
      waiting = []
      waitingBytes = 0
      failed = true
      await work.catch(() => {})
    },
  }
}
