import { readFileSync } from 'node:fs'
import * as z from 'zod'
import { MixmatchError } from '../errors.js'
import { formatTime, now } from '../event/time.js'
import { position } from '../ids.js'
import { parseJson } from '../json.js'
import type { Head, LogReader } from '../log/event-log.js'
import { version } from '../version.js'

/**
 * A head of the log, noted at a place that the writer of the log cannot change. A later copy of the log
 * must have this hash at this position.
 */
export interface Anchor extends Head {
  /** By the clock of the host that noted it, ISO 8601; null if it was not noted. */
  readonly anchoredAt: string | null
  /** The version of Mixmatch; null if it was not noted. */
  readonly version: string | null
  /** The response of a time-stamping authority (RFC 3161) to the hash, DER; null if none was asked. */
  readonly timestamp: Buffer | null
}

/** The head of a log as an anchor. */
export function createAnchor(log: LogReader): Anchor {
  const { position, hash } = log.head()
  return { position, hash, anchoredAt: formatTime(now()), version, timestamp: null }
}

/**
 * An anchor as one line of JSON, without the line feed:
 * `{"position":4057,"hash":"72…","anchored_at":"2026-…Z","version":"0.1.0","timestamp":"<base64>"}`.
 */
export function formatAnchor({ position, hash, anchoredAt, version, timestamp }: Anchor): string {
  const noted = { position, hash, anchored_at: anchoredAt, version }
  return JSON.stringify(
    timestamp === null ? noted : { ...noted, timestamp: timestamp.toString('base64') },
  )
}

const HASH = z.string().regex(/^[0-9a-f]{64}$/i)

const line = z.object({
  position: z.number().int().nonnegative(),
  hash: HASH,
  anchored_at: z.string().nullish(),
  version: z.string().nullish(),
  timestamp: z.base64().nullish(),
})

/** What `log head` prints: `4057 7208971a…`. */
const PLAIN = /^(\d{1,15}) ([0-9a-f]{64})$/i

/** Read a file of anchors. @throws FILE_NOT_READABLE, and as `parseAnchors` */
export function readAnchors(file: string): Anchor[] {
  try {
    return parseAnchors(readFileSync(file, 'utf8'), file)
  } catch (error) {
    if (error instanceof MixmatchError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    const message = `${file}: expected a file of anchors, but ${reason}.`
    throw new MixmatchError('FILE_NOT_READABLE', message, { cause: error })
  }
}

/**
 * Parse a file of anchors: lines of `formatAnchor`, or of `log head`. Blank lines are ignored.
 *
 * @param file its name, for messages
 * @throws USAGE if a line is neither, or there is no line
 */
function parseAnchors(text: string, file: string): Anchor[] {
  const anchors = text.split('\n').flatMap((each, index) => {
    if (each.trim() === '') return []
    const anchor = parseAnchorLine(each.trim())
    if (anchor !== null) return [anchor]
    throw new MixmatchError(
      'USAGE',
      `${file}:${index + 1}: expected a line of "mixmatch log anchor" or "mixmatch log head", found ` +
        `"${each.slice(0, 40)}".`,
    )
  })
  if (anchors.length > 0) return anchors
  throw new MixmatchError('USAGE', `${file}: expected anchors, found an empty file.`)
}

/** Parse one line of a file of anchors; null if it is none. */
export function parseAnchorLine(text: string): Anchor | null {
  const [, at, plainHash] = PLAIN.exec(text) ?? []
  if (at !== undefined && plainHash !== undefined) {
    const head = { position: position(Number(at)), hash: plainHash.toLowerCase() }
    return { ...head, anchoredAt: null, version: null, timestamp: null }
  }
  const { data } = line.safeParse(parseJson(text))
  if (data === undefined) return null
  return {
    position: position(data.position),
    hash: data.hash.toLowerCase(),
    anchoredAt: data.anchored_at ?? null,
    version: data.version ?? null,
    timestamp: data.timestamp ? Buffer.from(data.timestamp, 'base64') : null,
  }
}
