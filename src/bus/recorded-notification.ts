import { z } from 'zod'
import { MixmatchError } from '../errors.js'
import { spName } from '../ids.js'
import type { Delivery } from './delivery.js'

/** A recorded notification, one of which is one line of a file: see `parseRecorded`. */
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
 * Take a recorded notification back as the delivery that it was: `{"cloud": "default", "exchange":
 * "glance", "routing_key": "notifications.info", "properties": {…}, "body": "…"}`, where the body
 * is a string and exactly what stood on the wire.
 *
 * @param line what JSON.parse made of a line
 * @param where it stands, for the message: `recorded.ndjson:17`
 * @throws IMPORT_REFUSED where it is no recorded notification
 */
export function parseRecorded(line: unknown, where: string): Delivery {
  const delivery = readRecorded(line)
  if (delivery) return delivery
  throw new MixmatchError(
    'IMPORT_REFUSED',
    `${where}: expected a recorded notification with "cloud" and "body" as text, found something else.`,
  )
}

/** As `parseRecorded`, with null for what is none. */
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
