import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { parseJson } from '../json.js'

/** Remembers, beyond the death of the recorder, which messages it was recording when it died. */
export interface DeliveryJournal {
  /** Note that the recording of a message begins. @returns how often it began before and never ended */
  begin(digest: string): number
  /** Note that it has ended, well or not: the recorder lives. */
  end(digest: string): void
}

/** By digest, how often recording began without an end. */
const counts = z.record(z.string(), z.int().positive())

/** Of messages that never come again, because their queue was deleted, only the newest are kept. */
const MOST_DIGESTS = 100

/** Where the journal of a log is: beside it. */
export function deliveryJournalOf(logFile: string): string {
  return `${logFile}-in-hand.json`
}

/**
 * Open the journal, a small JSON file that is there only while a message is in hand. It is not
 * synced to the disk: it has to outlive the process, not the machine. One that cannot be read is
 * begun anew.
 */
export function openDeliveryJournal(file: string): DeliveryJournal {
  const begun = new Map(readCounts(file))
  const save = () => {
    if (begun.size === 0) {
      rmSync(file, { force: true })
      return
    }
    writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(begun)), { mode: 0o640 })
    renameSync(`${file}.new`, file)
  }
  return {
    begin(digest) {
      const before = begun.get(digest) ?? 0
      begun.delete(digest) // the newest stands last
      begun.set(digest, before + 1)
      const [oldest] = begun.keys()
      if (begun.size > MOST_DIGESTS && oldest !== undefined) begun.delete(oldest)
      save()
      return before
    },
    end(digest) {
      begun.delete(digest)
      save()
    },
  }
}

function readCounts(file: string): Iterable<[string, number]> {
  try {
    const { data } = counts.safeParse(parseJson(readFileSync(file, 'utf8')))
    return Object.entries(data ?? {})
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
