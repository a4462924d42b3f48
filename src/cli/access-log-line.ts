import { createReadStream, existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { MixmatchError } from '../errors.js'
import { parseTime } from '../event/time.js'
import { type Micros, micros } from '../ids.js'
import { parseJson } from '../json.js'

/** One request of the access log. */
export interface AccessLine {
  readonly requestId: string
  /** When it began, to the millisecond. The decision used the log as of that time. */
  readonly beganAt: Micros
  readonly method: string
  readonly path: string
  readonly status: number | null
  /** The reason of the decision; null if the request ended before the decision. */
  readonly reason: string | null
  readonly serviceProvider: string | null
  readonly restsOn: number | null
  /** The user's project; null if the user had none or the log does not name it. */
  readonly project: string | null
}

const line = z.object({
  access: z.literal(true),
  time: z.string(),
  request_id: z.string(),
  global_request_id: z.string(),
  method: z.string(),
  path: z.string(),
  ms: z.number(),
  status: z.number().nullable(),
  reason: z.string().nullable(),
  service_provider: z.string().nullable(),
  rests_on: z.number().nullable(),
  project: z.string().nullable().default(null),
})

/**
 * Find a request in the access log by its request id or its global request id.
 *
 * @throws USAGE if the file does not exist, NOT_FOUND if it does not have the request
 */
export async function findAccessLine(file: string, requestId: string): Promise<AccessLine> {
  if (!existsSync(file)) throw new MixmatchError('USAGE', `${file}: no such access log.`)
  const lines = createInterface({ input: createReadStream(file) })
  for await (const text of lines) {
    if (!text.includes(requestId)) continue
    const { success, data } = line.safeParse(parseJson(text))
    if (!success || ![data.request_id, data.global_request_id].includes(requestId)) continue
    const endedAt = parseTime(data.time)
    if (endedAt === null) continue
    return {
      requestId: data.request_id,
      beganAt: micros(endedAt - Math.round(data.ms * 1000)),
      method: data.method,
      path: data.path,
      status: data.status,
      reason: data.reason,
      serviceProvider: data.service_provider,
      restsOn: data.rests_on,
      project: data.project,
    }
  }
  throw new MixmatchError('NOT_FOUND', `${file}: no request ${requestId} in it.`)
}
