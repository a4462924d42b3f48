import { chain, GENESIS } from './chain.js'
import type { Head, LogReader } from './log.js'
import { guards } from './schema.js'

/** What does not hold, and from which position on; null where it is not about one event. */
export interface Breach {
  readonly position: number | null
  readonly problem: string
}

export interface Verdict {
  readonly events: number
  readonly head: Head
  /** Empty for a log that holds. A broken chain is reported once, at the first position. */
  readonly breaches: readonly Breach[]
}

/**
 * Recompute the whole chain: positions without gaps, every hash over its predecessor, every body
 * readable, the append-only triggers in place.
 *
 * @param expected a head noted down earlier: an event of that hash must be in the log
 * @param progress called now and then with the position reached
 */
export function verifyLog(
  log: LogReader,
  expected?: string,
  progress?: (position: number) => void,
): Verdict {
  const breaches: Breach[] = [...missingGuards(log)]
  let previous = GENESIS
  let events = 0
  let seen = expected === undefined || expected === GENESIS
  try {
    for (const event of log.read()) {
      if (event.position !== events + 1) {
        const problem = `follows position ${events}: the log has no gaps by design`
        breaches.push({ position: event.position, problem })
        break
      }
      const hash = chain(previous, event.position, event.recordedAt, event)
      if (hash !== event.hash) {
        const problem = `its hash is ${event.hash}, recomputed it is ${hash}: this event or its hash was changed`
        breaches.push({ position: event.position, problem })
        break
      }
      previous = hash
      events += 1
      seen ||= hash === expected
      if (events % 10_000 === 0) progress?.(events)
    }
  } catch (error) {
    const problem = `cannot be read: ${error instanceof Error ? error.message : String(error)}`
    breaches.push({ position: events + 1, problem })
  }
  const stored = Number(log.db.prepare('select count(*) from events').pluck().get())
  if (breaches.length === 0 && stored !== events) {
    const problem = `${stored} events but ${events} with a payload: rows were taken out of one table`
    breaches.push({ position: null, problem })
  }
  if (!seen) {
    breaches.push({
      position: null,
      problem: `no event has the hash ${expected}: this is not a later copy of that log`,
    })
  }
  return { events, head: log.head(), breaches }
}

function missingGuards({ db }: LogReader): Breach[] {
  const find = db
    .prepare<[string], string>("select sql from sqlite_schema where type = 'trigger' and name = ?")
    .pluck()
  return guards
    .filter(({ name, sql }) => find.get(name)?.toLowerCase() !== sql.toLowerCase())
    .map(({ name }) => ({
      position: null,
      problem: `the trigger ${name} is missing or changed: the file could be edited unnoticed`,
    }))
}
