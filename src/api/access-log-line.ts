import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'
import * as z from 'zod'
import { MixmatchError } from '../errors.js'
import { formatTime, parseTime } from '../event/time.js'
import { type Micros, micros } from '../ids.js'
import { parseJson } from '../json.js'

/** One request of the access log. */
export interface AccessLine {
  readonly requestId: string
  readonly globalRequestId: string
  /** Of the upstream's response: the one that the client saw. */
  readonly upstreamRequestId: string | null
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
  upstream_request_id: z.string().nullable().default(null),
  method: z.string(),
  path: z.string(),
  ms: z.number(),
  status: z.number().nullable(),
  reason: z.string().nullable(),
  service_provider: z.string().nullable(),
  rests_on: z.number().nullable(),
  project: z.string().nullable().default(null),
})

/** Parse a line of the access log; null if it is no request. */
export function parseAccessLine(text: string): AccessLine | null {
  const { success, data } = line.safeParse(parseJson(text))
  const endedAt = success ? parseTime(data.time) : null
  if (!success || endedAt === null) return null
  return {
    requestId: data.request_id,
    globalRequestId: data.global_request_id,
    upstreamRequestId: data.upstream_request_id,
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

/**
 * Find a request in the access log by its request id, its global request id or that of the upstream: the newest one.
 *
 * @param most how many bytes to read, from the end of the file
 * @throws USAGE if the file does not exist, NOT_FOUND if it does not have the request
 */
export function findAccessLine(
  file: string,
  requestId: string,
  most = Number.POSITIVE_INFINITY,
): AccessLine {
  if (!existsSync(file)) throw new MixmatchError('USAGE', `${file}: no such access log.`)
  for (const text of linesFromEnd(file, most)) {
    if (!text.includes(requestId)) continue
    const found = parseAccessLine(text)
    if (found && idsOf(found).includes(requestId)) return found
  }
  const where = most === Number.POSITIVE_INFINITY ? '' : ` in its last ${most / MEGABYTE} MB`
  throw new MixmatchError('NOT_FOUND', `${file}: no request ${requestId}${where}.`)
}

function idsOf({ requestId, globalRequestId, upstreamRequestId }: AccessLine) {
  return [requestId, globalRequestId, upstreamRequestId]
}

const MEGABYTE = 1024 * 1024
const NEWLINE = 0x0a

/** The lines of a file, the last one first. */
function* linesFromEnd(file: string, most: number): Generator<string> {
  const descriptor = openSync(file, 'r')
  try {
    const { size } = fstatSync(descriptor)
    const least = Math.max(0, size - most)
    let rest = Buffer.alloc(0)
    for (let end = size; end > least; ) {
      const chunk = Buffer.alloc(Math.min(MEGABYTE, end - least))
      end -= chunk.length
      const read = readSync(descriptor, chunk, 0, chunk.length, end)
      const bytes = Buffer.concat([chunk.subarray(0, read), rest])
      // The first line continues in the chunk before it.
      const begin = end === 0 ? 0 : bytes.indexOf(NEWLINE) + 1
      rest = bytes.subarray(0, begin)
      yield* bytes.subarray(begin).toString().split('\n').reverse()
    }
  } finally {
    closeSync(descriptor)
  }
}

/** The fields that `explain --request-id --format json` prints first. */
export function accessLineFacts(logged: AccessLine) {
  return {
    began_at: formatTime(logged.beganAt),
    request_id: logged.requestId,
    method: logged.method,
    path: logged.path,
    status: logged.status,
    reason: logged.reason,
    service_provider: logged.serviceProvider,
    rests_on: logged.restsOn,
  }
}
