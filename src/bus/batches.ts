/** How deliveries are gathered before they are handed on. */
export interface BatchOptions {
  readonly most: number
  /** Milliseconds without a further one after which a batch is complete. */
  readonly quietMs: number
}

/** One transaction for up to a thousand costs what one for a single delivery does; a view may lag 20 ms. */
export const DEFAULT_BATCH: BatchOptions = { most: 1000, quietMs: 5 }

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
 * Batches are handed on one at a time and in order; while one is taken, the next one grows.
 *
 * @param onFailure called once with what `handOn` threw; nothing is handed on after that
 */
export function createBatches<Item>(
  { most, quietMs }: BatchOptions,
  handOn: (batch: readonly Item[]) => void | Promise<void>,
  onFailure: (error: unknown) => void,
): Batches<Item> {
  let waiting: Item[] = []
  let waitingSince = 0
  let timer: NodeJS.Timeout | undefined
  let failed = false
  let work: Promise<void> = Promise.resolve()
  let working = false

  async function handOnAll(): Promise<void> {
    working = true
    try {
      while (waiting.length > 0 && !failed) {
        const batch = waiting.slice(0, most)
        waiting = waiting.slice(most)
        await handOn(batch)
      }
    } finally {
      working = false
    }
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
      const overdue = performance.now() - waitingSince >= LONGEST_WAIT * quietMs
      if (waiting.length >= most || overdue) start()
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
      failed = true
      await work.catch(() => {})
    },
  }
}
