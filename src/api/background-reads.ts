import { setTimeout } from 'node:timers/promises'

/** A long read in small steps, each of some milliseconds. */
export type StepwiseRead<Value> = Generator<void, Value>

/** How long steps run before waiting queries run. */
const TURN_MS = 10

/** Runs long reads one after another, between the queries of this process. */
type Schedule = (steps: Generator<void, void>) => void

export function createSchedule(): Schedule {
  const waiting: Generator<void, void>[] = []
  function takeTurn(): void {
    const begun = performance.now()
    while (waiting[0] && performance.now() - begun < TURN_MS) {
      if (waiting[0].next().done) waiting.shift()
    }
    if (waiting.length > 0) setImmediate(takeTurn)
  }
  return steps => {
    waiting.push(steps)
    if (waiting.length === 1) setImmediate(takeTurn)
  }
}

/** The results of long reads of one kind. */
export interface BackgroundReads<Value> {
  /**
   * The newest result of a read. If there is none, or an old one, a read is scheduled. Without a result,
   * this waits for a moment: a log with few events is read by then. null if it is not.
   *
   * @param key names the read
   * @param state what it depends on, such as the head of the log: as long as this stays the same, a
   *   result is up to date
   * @throws what the last read threw, if it failed
   */
  newest(key: string, state: string, start: () => StepwiseRead<Value>): Promise<Value | null>
}

/** How many results are kept; the least recently used ones are dropped. */
const MOST_RESULTS = 12
/** A read is repeated at the earliest after this many times its own duration. */
const REST_FACTOR = 10
const LEAST_REST_MS = 2_000
/** How long a query waits for the first result. */
const MOST_WAIT_MS = 200

interface Entry<Value> {
  result: { readonly value: Value; readonly state: string; readonly repeatAt: number } | null
  failure: { readonly error: unknown } | null
  isReading: boolean
}

export function createBackgroundReads<Value>(schedule: Schedule): BackgroundReads<Value> {
  const entries = new Map<string, Entry<Value>>()

  function* read(entry: Entry<Value>, state: string, start: () => StepwiseRead<Value>) {
    const begun = performance.now()
    try {
      const value = yield* start()
      const endedAt = performance.now()
      const restMs = Math.max(LEAST_REST_MS, (endedAt - begun) * REST_FACTOR)
      entry.result = { value, state, repeatAt: endedAt + restMs }
    } catch (error) {
      entry.failure = { error }
    } finally {
      entry.isReading = false
    }
  }

  function entryOf(key: string): Entry<Value> {
    const entry = entries.get(key) ?? { result: null, failure: null, isReading: false }
    entries.delete(key) // the most recently used one is the last one
    entries.set(key, entry)
    const [oldest] = entries
    if (entries.size > MOST_RESULTS && oldest) entries.delete(oldest[0])
    return entry
  }

  return {
    async newest(key, state, start) {
      const entry = entryOf(key)
      const { result } = entry
      const isDue = !result || (result.state !== state && performance.now() >= result.repeatAt)
      if (isDue && !entry.isReading) {
        entry.isReading = true
        schedule(read(entry, state, start))
      }
      const until = performance.now() + MOST_WAIT_MS
      while (!entry.result && entry.isReading && performance.now() < until) await setTimeout(5)
      const { failure } = entry
      entry.failure = null
      if (failure) throw failure.error
      return entry.result?.value ?? null
    },
  }
}
