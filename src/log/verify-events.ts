import { type Position, type PositionRange, position } from '../ids.js'
import { chain } from './chain.js'
import type { Head, LogReader } from './event-log.js'
import { firstUnindexed } from './index-check.js'
import { openLogReader } from './open-log.js'
import { decompressExactly } from './payload.js'
import { dictionaries } from './reader.js'
import { readRow, type StoredRow, storedSql } from './rows.js'
import { whyStoredOtherwise } from './stored-form.js'
import { countWords, followWords, mostWords, type WordCounts } from './words.js'

/** A problem, and the position where it begins; null if it is not about one event. */
export interface Breach {
  readonly position: number | null
  readonly problem: string
}

/** The result of verifying a range. */
export interface Walked {
  /** The last valid event. */
  readonly reached: Position
  /** The problem after it, which ended the walk. */
  readonly breach: Breach | null
  /** Whether an event has the noted hash. */
  readonly seen: boolean
}

/** The task of a subprocess. */
export interface Part {
  readonly file: string
  readonly range: PositionRange
  readonly noted: string | undefined
  /** The words that events of earlier files use; null if unknown. */
  readonly words: WordCounts | null
}

/** Verify a range in a subprocess. */
export function verifyPart({ file, range, ...options }: Part): Walked {
  using log = openLogReader(file)
  return walk(log, range, options)
}

interface Options {
  readonly noted: string | undefined
  readonly words: WordCounts | null
  readonly progress?: ((events: number) => void) | undefined
}

/** Verify one event after another: each must follow the previous one, and its row must be as this version stores it. */
export function walk(log: LogReader, range: PositionRange, options: Options): Walked {
  const { noted, words, progress } = options
  const { db } = log
  let { position: reached, hash } = headAt(log, range.after)
  let seen = false
  const broken = (at: number, problem: string): Walked => {
    return { reached, breach: { position: at, problem }, seen }
  }
  try {
    const dictionaryOf = dictionaries(db)
    const whyWrongNumber = words && followWords(mostWords(words, countWords(db, range.after)))
    const rows = db.prepare<[number, number], StoredRow>(
      `${storedSql} where e.position > ? and e.position <= ? order by e.position`,
    )
    for (const row of rows.iterate(range.after, range.upTo)) {
      if (row.position !== reached + 1) {
        return broken(row.position, `follows position ${reached}: the log has no gaps by design`)
      }
      const event = readRow(row, decompressExactly(row.body, dictionaryOf(row.dictionary)))
      const expected = chain(hash, event.position, event.recordedAt, event)
      if (event.hash !== expected) {
        return broken(
          event.position,
          `its hash is ${event.hash}, recomputed it is ${expected}: this event or its hash was changed`,
        )
      }
      const problem = whyStoredOtherwise(row, event) ?? whyWrongNumber?.(row) ?? null
      if (problem !== null) return broken(event.position, `${problem}: its row was changed`)
      ;({ position: reached, hash } = event)
      seen ||= hash === noted
      if (reached % 10_000 === 0) progress?.(reached - range.after)
    }
    const unindexed = firstUnindexed(db, { after: range.after, upTo: reached })
    if (unindexed !== null) return broken(unindexed.position, unindexed.problem)
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    return broken(reached + 1, `cannot be read: ${problem}`)
  }
  return { reached, breach: null, seen }
}

/** The stored hash at a position, or the base of the log. */
function headAt(log: LogReader, at: Position): Head {
  const hash = log.db
    .prepare<[number], Buffer>('select hash from main.payloads where position = ?')
    .pluck()
    .get(at)
  return hash === undefined ? log.base() : { position: position(at), hash: hash.toString('hex') }
}
