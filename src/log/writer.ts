import type { Database } from 'better-sqlite3'
import { MixmatchError } from '../errors.js'
import type { Event, RecordedEvent } from '../event/event.js'
import { toWellFormed } from '../event/well-formed.js'
import { type Micros, micros, position } from '../ids.js'
import { chain } from './chain.js'
import { prepareInsertEvent, readDictionary } from './event-inserter.js'
import type { Appended, EventLog, Payloads, StreamedEvent } from './event-log.js'
import { type Followed, prepareFollowed } from './followed.js'
import { createPayloadCompressor } from './payload-compressor.js'
import { prepareHead } from './reader.js'

/**
 * Create the functions that append to an open log. Disposing it ends its thread.
 *
 * @param requireInPlace called before each transaction; throws if the file is not that of the log any more
 */
export function createWriter(
  db: Database,
  file: string,
  requireInPlace: () => void,
): Pick<EventLog, 'compress' | 'append' | 'follow' | 'restore'> & Disposable {
  const dictionary = readDictionary(db)
  const { insert, forgetWords } = prepareInsertEvent(db, dictionary)
  const compressor = createPayloadCompressor(dictionary.bytes)
  const newest = prepareHead(db)
  const saveFollowed = prepareFollowed(db)
  const lastRecorded = db
    .prepare<[], number>('select recorded_at from events order by position desc limit 1')
    .pluck()

  function append(events: readonly Event[], received: Micros, payloads?: Payloads): Appended {
    return appendEach(
      events.map((event, index) => {
        const payload = payloads?.[index]
        return { event, recordedAt: received, ...(payload && { payload }) }
      }),
    )
  }

  function follow(
    entries: readonly StreamedEvent[],
    followed: Omit<Followed, 'position'>,
  ): Appended {
    const appended = appendEach(entries)
    saveFollowed({ ...followed, position: newest().position })
    return appended
  }

  function appendEach(entries: readonly StreamedEvent[]): Appended {
    let { hash: previous, position: at } = newest()
    let newestTime = lastRecorded.get() ?? 0
    const recorded: RecordedEvent[] = []
    for (const { event: given, recordedAt: received, payload } of entries) {
      const event = toWellFormed(given)
      // If a clock was set back, recorded times must still be in the order of positions.
      const recordedAt = micros(Math.max(received ?? newestTime, newestTime))
      const next = position(at + 1)
      const hash = chain(previous, next, recordedAt, event)
      const entry = { ...event, position: next, recordedAt, hash }
      if (!insert(entry, payload)) continue
      recorded.push(entry)
      previous = hash
      at = next
      newestTime = recordedAt
    }
    return { recorded, duplicates: entries.length - recorded.length }
  }

  function restore(events: readonly RecordedEvent[]): void {
    let { hash: previous } = newest()
    for (const event of events) {
      const expected = chain(previous, event.position, event.recordedAt, event)
      if (event.hash !== expected || !insert(event)) {
        throw new MixmatchError(
          'LOG_BROKEN',
          `${file}: event ${event.position} does not continue this log: its hash is ${event.hash}, ` +
            `after its predecessor it would be ${expected}. Nothing of this batch was imported.`,
        )
      }
      previous = event.hash
    }
  }

  /** Run all or nothing. After a failure, remembered words may not exist any more. */
  const atomically = <Args extends unknown[], Result>(run: (...args: Args) => Result) => {
    const { immediate } = db.transaction(run)
    return (...args: Args): Result => {
      try {
        requireInPlace()
        return immediate(...args)
      } catch (error) {
        forgetWords()
        throw error
      }
    }
  }
  return {
    compress: events => compressor.compress(events.map(({ body }) => body)),
    append: atomically(append),
    follow: atomically(follow),
    restore: atomically(restore),
    [Symbol.dispose]: compressor[Symbol.dispose],
  }
}
