import { statSync } from 'node:fs'
import { z } from 'zod'
import { formatTime } from '../event/time.js'
import { SCHEMA_VERSION } from '../log/schema.js'
import { timeShape } from './event-row.js'
import { defineQuery } from './query.js'

export const logQuery = defineQuery({
  summary: 'Size and head of the event log.',
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
  }),
  run({ log }) {
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
    }
  },
})
