import { MixmatchError } from '../errors.js'
import type { Event, RecordedEvent } from '../event/event.js'
import { now } from '../event/time.js'
import { isWellFormed } from '../event/well-formed.js'
import { chain, GENESIS } from './chain.js'
import type { EventLog } from './event-log.js'

/** How many events of an import were restored, appended or ignored. */
interface Imported {
  /** Appended with their own position, time and hash. */
  restored: number
  /** Recorded as new events, with a new position, time and hash. */
  appended: number
  /** The log had them already. */
  duplicates: number
}

/** Whether an event comes from a log and so has a position. Otherwise it comes from a recording of a bus. */
function isFromLog(event: Event | RecordedEvent): event is RecordedEvent {
  return 'position' in event
}

const BATCH = 1000

/**
 * Append imported events to the log. If an export continues the log, its events keep their
 * positions, times and hashes: a whole export continues an empty log. All other events are recorded
 * as new, once for each message id. An interrupted import can be run again.
 *
 * @param onBatch called with the running total after every batch
 * @throws IMPORT_REFUSED if the chain of an export is broken. Earlier batches stay in the log
 */
export async function importEvents(
  log: EventLog,
  events: AsyncIterable<Event | RecordedEvent>,
  onBatch: (total: Imported) => void = () => {},
): Promise<Imported> {
  const total: Imported = { restored: 0, appended: 0, duplicates: 0 }
  let previous: RecordedEvent | undefined
  let batch: (Event | RecordedEvent)[] = []
  const flush = () => {
    appendBatch(log, batch, total)
    onBatch(total)
    batch = []
  }
  for await (const event of events) {
    rejectHalfSurrogates(event)
    if (isFromLog(event)) {
      rejectBroken(event, previous)
      previous = event
    }
    if (batch[0] !== undefined && isFromLog(event) !== isFromLog(batch[0])) flush()
    batch.push(event)
    if (batch.length === BATCH) flush()
  }
  flush()
  return total
}

function rejectHalfSurrogates(event: Event): void {
  if (isWellFormed(event)) return
  throw new MixmatchError(
    'IMPORT_REFUSED',
    `message ${JSON.stringify(event.messageId)} of ${JSON.stringify(event.serviceProvider)}: expected text, ` +
      'found half of a surrogate pair (such as \\ud800), which cannot be stored. Mend or delete that line.',
  )
}

/** @param batch events that all come from a log, or none */
function appendBatch(
  log: EventLog,
  batch: readonly (Event | RecordedEvent)[],
  total: Imported,
): void {
  const missing = batch.filter(event => !(isFromLog(event) && isInPlace(log, event)))
  total.duplicates += batch.length - missing.length
  const [first] = missing
  if (first === undefined) return
  if (isFromLog(first) && continues(log, first)) {
    log.restore(missing.filter(isFromLog))
    total.restored += missing.length
    return
  }
  const { recorded: added, duplicates } = log.append(missing, now())
  total.appended += added.length
  total.duplicates += duplicates
}

function isInPlace(log: EventLog, event: RecordedEvent): boolean {
  return log.get(event.position)?.hash === event.hash
}

function continues(log: EventLog, event: RecordedEvent): boolean {
  const head = log.head()
  return (
    event.position === head.position + 1 &&
    event.hash === chain(head.hash, event.position, event.recordedAt, event)
  )
}

/** Check the chain of an export. Its first line has no previous one to check, unless it is event 1. */
function rejectBroken(event: RecordedEvent, previous: RecordedEvent | undefined): void {
  const before = previous?.hash ?? (event.position === 1 ? GENESIS : undefined)
  const follows = previous === undefined || event.position === previous.position + 1
  if (follows && before === undefined) return
  if (follows && event.hash === chain(before ?? GENESIS, event.position, event.recordedAt, event)) {
    return
  }
  const problem = follows
    ? 'its hash does not follow from its contents and its predecessor: it was changed'
    : `it follows position ${previous?.position}: events are missing`
  throw new MixmatchError(
    'IMPORT_REFUSED',
    `event ${event.position} of the export: ${problem}. Export it again from a log that verifies.`,
  )
}
