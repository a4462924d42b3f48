import * as z from 'zod'
import { MixmatchError } from '../errors.js'
import { spName } from '../ids.js'
import type { Delivery } from './delivery.js'

/** One line of a file of recorded notifications. */
const recorded = z.object({
  cloud: z.string().min(1),
  exchange: z.string().default(''),
  routing_key: z.string().default(''),
  properties: z
    .object({ headers: z.object({ compression: z.string().nullish() }).nullish() })
    .nullish(),
  body: z.string(),
})

/**
 * Parse a recorded notification into its original delivery: `{"cloud": "default", "exchange":
 * "glance", "routing_key": "notifications.info", "properties": {…}, "body": "…"}`, where the body
 * is the exact published text.
 *
 * @param line the result of JSON.parse for a line
 * @param where the place, for the error message: `recorded.ndjson:17`
 * @throws IMPORT_REFUSED if it is not a recorded notification
 */
export function parseRecorded(line: unknown, where: string): Delivery {
  const delivery = readRecorded(line)
  if (delivery) return delivery
  throw new MixmatchError(
    'IMPORT_REFUSED',
    `${where}: expected a recorded notification with "cloud" and "body" as text, found something else.`,
  )
}

/** As `parseRecorded`, but null if it is not a recorded notification. */
export function readRecorded(line: unknown): Delivery | null {
  const { success, data } = recorded.safeParse(line)
  if (!success) return null
  return {
    serviceProvider: spName(data.cloud),
    exchange: data.exchange,
    routingKey: data.routing_key,
    compression: data.properties?.headers?.compression ?? null,
    redelivered: false,
    body: Buffer.from(data.body),
  }
}
