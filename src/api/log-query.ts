import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import * as z from 'zod'
import { parseAnchorLine } from '../anchor/anchor.js'
import { compareAnchor } from '../anchor/anchor-check.js'
import { MixmatchError } from '../errors.js'
import { formatTime } from '../event/time.js'
import type { Head, LogReader } from '../log/event-log.js'
import { SCHEMA_VERSION } from '../log/schema.js'
import { readVerificationNote } from '../log/verification-note.js'
import { timeShape } from './event-row.js'
import { defineQuery } from './query.js'

const anchorShape = z.object({
  position: z.number().int(),
  hash: z.string(),
  /** null if the anchor does not say when it was noted. */
  anchored_at: z.string().nullable(),
  /** Whether the log has this hash at this position; null if the event is in an archive that is not here. */
  holds: z.boolean().nullable(),
})

export const logQuery = defineQuery({
  summary:
    'Size and head of the event log, its last verification, and the last head that was anchored. Not for readers.',
  parameters: z.strictObject({}),
  answer: z.object({
    file: z.string(),
    bytes: z.number().int(),
    schema: z.number().int(),
    events: z.number().int(),
    head: z.string(),
    /** When the newest event was recorded. */
    recorded_at: timeShape.nullable(),
    /** The history begins after this position; earlier events are in an archive that is not here. */
    base: z.number().int(),
    /** In the order of their first events. Clouds that were removed from the configuration are among them. */
    clouds: z.array(z.string()),
    /** The last result of `log verify --note`; null without one. */
    verified: z
      .object({
        verified_at: timeShape,
        events: z.number().int(),
        head: z.string(),
        breaches: z.number().int(),
      })
      .nullable(),
    /** The last head in the file `[ops] anchors`; null without one. */
    anchored: anchorShape.nullable(),
  }),
  run({ log, settings }, _, viewer) {
    if (viewer !== 'all') throw new MixmatchError('FORBIDDEN', ONLY_ADMINS)
    const { position, hash } = log.head()
    const newest = log.get(position)
    return {
      file: log.file,
      bytes: statSync(log.file).size,
      schema: SCHEMA_VERSION,
      events: position,
      head: hash,
      recorded_at: newest ? formatTime(newest.recordedAt) : null,
      base: log.base().position,
      clouds: log.db
        .prepare<[], string>('select name from service_providers order by id')
        .pluck()
        .all(),
      verified: readVerificationNote(log.file),
      anchored: settings.anchors === null ? null : lastAnchor(log, settings.anchors),
    }
  },
})

const ONLY_ADMINS =
  'This is about the events of all projects, so it needs a role of [ops] admin_roles.'

/** Longer than a line with the response of a time-stamping authority. */
const MOST_LINE_BYTES = 64 * 1024

function lastAnchor(log: LogReader, file: string): z.output<typeof anchorShape> | null {
  if (!existsSync(file)) return null
  const line = endOf(file).trimEnd().split('\n').at(-1) ?? ''
  const anchor = parseAnchorLine(line.trim())
  if (anchor === null) return null
  const { position, hash, anchoredAt } = anchor
  return { position, hash, anchored_at: anchoredAt, holds: holdsIn(log, anchor) }
}

/** null if the position is in an archive. */
function holdsIn(log: LogReader, anchor: Head): boolean | null {
  const result = compareAnchor(log, anchor)
  return result === 'archived' ? null : result === 'holds'
}

function endOf(file: string): string {
  const descriptor = openSync(file, 'r')
  try {
    const { size } = fstatSync(descriptor)
    const bytes = Buffer.alloc(Math.min(size, MOST_LINE_BYTES))
    const read = readSync(descriptor, bytes, 0, bytes.length, size - bytes.length)
    return bytes.subarray(0, read).toString()
  } finally {
    closeSync(descriptor)
  }
}
