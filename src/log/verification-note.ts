import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import * as z from 'zod'
import { formatTime, now } from '../event/time.js'
import { parseJson } from '../json.js'
import { requireWritable } from '../sqlite.js'
import type { Verdict } from './verify.js'

const shape = z.object({
  /** When the verification ended, ISO 8601. */
  verified_at: z.string(),
  events: z.number().int(),
  /** The hash of the last event that was verified. */
  head: z.string(),
  /** How many problems were found; 0 if the log holds. */
  breaches: z.number().int(),
})

/** The result of the last verification of a log. */
type VerificationNote = z.output<typeof shape>

/** `events.verified.json` beside `events.db`. */
function noteFileOf(logFile: string): string {
  return join(dirname(logFile), `${basename(logFile, '.db')}.verified.json`)
}

/**
 * Note the result of a verification beside the log. It is information, not evidence: everybody who can write to the
 * folder can change it.
 *
 * @throws FILE_NOT_WRITABLE
 */
export function noteVerification(logFile: string, { events, head, breaches }: Verdict): void {
  const file = noteFileOf(logFile)
  const note: VerificationNote = {
    verified_at: formatTime(now()),
    events,
    head: head.hash,
    breaches: breaches.length,
  }
  requireWritable(file, () => {
    writeFileSync(`${file}.new`, `${JSON.stringify(note)}\n`, { mode: 0o640 })
    renameSync(`${file}.new`, file)
  })
}

/** The noted result; null if there is none. */
export function readVerificationNote(logFile: string): VerificationNote | null {
  const file = noteFileOf(logFile)
  if (!existsSync(file)) return null
  return shape.safeParse(parseJson(readFileSync(file, 'utf8'))).data ?? null
}
