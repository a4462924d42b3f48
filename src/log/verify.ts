import { chain } from './chain.js'
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
 * readable, the append-only triggers in place. In each file of a history, and from one to the next.
 *
 * @param expected a head noted down earlier: an event of that hash must be in the log
 * @param progress called now and then with the position reached
 */
export function verifyLog(
  log: LogReader & { readonly parts?: readonly LogReader[] },
  expected?: string,
  progress?: (position: number) => void,
): Verdict {
  const { parts = [log] } = log
  const breaches: Breach[] = []
  let events = 0
  let seen = expected === undefined || expected === log.base().hash
  for (const part of parts) {
    breaches.push(...missingGuards(part))
    const holding = walk(part, breaches, ({ position, hash }) => {
      seen ||= hash === expected
      if (position % 10_000 === 0) progress?.(position)
    })
    events += holding
    breaches.push(...orphans(part, holding, breaches))
  }
  if (!seen) {
    breaches.push({
      position: null,
      problem: `no event has the hash ${expected}: this is not a later copy of that log`,
    })
  }
  return { events, head: log.head(), breaches }
}

/** @returns how many events hold: all, or those before the first that does not */
function walk(log: LogReader, breaches: Breach[], onHolding: (head: Head) => void): number {
  const base = log.base()
  let { position, hash } = base
  try {
    for (const event of log.read()) {
      if (event.position !== position + 1) {
        const problem = `follows position ${position}: the log has no gaps by design`
        breaches.push({ position: event.position, problem })
        break
      }
      const expected = chain(hash, event.position, event.recordedAt, event)
      if (event.hash !== expected) {
        const problem = `its hash is ${event.hash}, recomputed it is ${expected}: this event or its hash was changed`
        breaches.push({ position: event.position, problem })
        break
      }
      position = event.position
      hash = event.hash
      onHolding(event)
    }
  } catch (error) {
    const problem = `cannot be read: ${error instanceof Error ? error.message : String(error)}`
    breaches.push({ position: position + 1, problem })
  }
  return position - base.position
}

/** Rows that stand in one of the two tables only, at the end of the file. */
function orphans(log: LogReader, holding: number, breaches: readonly Breach[]): Breach[] {
  const stored = Number(log.db.prepare('select count(*) from main.events').pluck().get())
  if (breaches.length > 0 || stored === holding) return []
  const problem = `${stored} events but ${holding} with a payload: rows were taken out of one table`
  return [{ position: null, problem }]
}

function missingGuards({ db }: LogReader): Breach[] {
  const find = db
    .prepare<[string], string>(
      "select sql from main.sqlite_schema where type = 'trigger' and name = ?",
    )
    .pluck()
  return guards
    .filter(({ name, sql }) => find.get(name)?.toLowerCase() !== sql.toLowerCase())
    .map(({ name }) => ({
      position: null,
      problem: `the trigger ${name} is missing or changed: the file could be edited unnoticed`,
    }))
}
