import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import * as z from 'zod'
import { parseJson } from '../json.js'

/** Remembers which messages a recorder was recording when it died. */
export interface DeliveryJournal {
  /** Note that recording a message begins. @returns how often it began before and did not end */
  begin(digest: string): number
  /** Note that it has ended, with or without success: the recorder did not die. */
  end(digest: string): void
}

/** By digest: how often recording began and did not end. */
const counts = z.record(z.string(), z.int().positive())

/** Only the newest digests are kept: if its queue is deleted, a message never comes again. */
const MAX_DIGESTS = 100

/** The path of the journal of a log, in the same folder. */
export function deliveryJournalOf(logFile: string): string {
  return `${logFile}-in-hand.json`
}

/**
 * Open the journal, a small JSON file that exists only while a redelivered message is being recorded.
 * It is not synced to the disk, because it must survive a crash of the process, not of the machine. A
 * damaged journal is replaced by an empty one.
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
      begun.delete(digest) // the newest digest must be the last
      begun.set(digest, before + 1)
      const [oldest] = begun.keys()
      if (begun.size > MAX_DIGESTS && oldest !== undefined) begun.delete(oldest)
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
