import type { Dispatcher } from 'undici'
import { type FaultCode, MixmatchError } from '../errors.js'
import type { Identity } from '../identity/identity.js'
import { type ProjectId, projectId } from '../ids.js'
import { type JsonValue, parseJson, textAt } from '../json.js'
import { callOf } from '../routing/call.js'
import type { ParsedPath } from '../routing/path.js'
import { pathOf } from '../routing/upstream-path.js'
import type { Destination, Destinations, Sender } from './destination.js'
import type { Timeouts } from './failure.js'
import type { RawHeaders } from './headers.js'
import { learnFound } from './observe.js'
import type { Pools } from './pools.js'
import type { Look, Sighting } from './search.js'

/** The request on whose behalf is looked. */
export interface Seeker {
  readonly path: ParsedPath
  readonly sender: Sender
  /** MM-PROJECT-ID. */
  readonly asked: ProjectId | null
  /** What to send to a destination: as with the request itself, without what belongs to its body. */
  readonly headers: (destination: Destination) => RawHeaders
  readonly requestId: string
}

/** More than any one resource has; of a longer answer only the status counts. */
const MAX_BYTES = 1024 * 1024
/** Answers that tell of a cloud at work that has no such resource, or none for this user. */
const ABSENT = new Set([400, 403, 404, 410])
/** Reasons for which a user cannot have anything at a cloud. */
const NOT_ADMITTED: readonly FaultCode[] = ['FORBIDDEN', 'NO_PROJECT_AT_SERVICE_PROVIDER']

/** Make the look at one cloud for `search`: in every project that the user has there, likeliest first. */
export function createLook(
  { path, sender, asked, headers, requestId }: Seeker,
  options: {
    destinations: Destinations
    pools: Pools
    timeouts: Timeouts
    forget: Identity['forget']
  },
): Look {
  const { destinations, pools, timeouts, forget } = options
  return async (cloud, resource, signal) => {
    const itself = pathOf(resource, path)
    if (itself === null) return { kind: 'absent' }
    const request = { method: 'GET', path: itself }

    async function lookFrom(destination: Destination): Promise<Sighting> {
      const pool = pools.pool(cloud, destination.origin, 'GET')
      const answer = await read(pool, destination, headers(destination), timeouts, signal)
      if (answer.status === 401 && sender.token) forget(sender.token, cloud)
      if (ABSENT.has(answer.status)) return { kind: 'absent' }
      if (answer.status < 200 || answer.status >= 300) return { kind: 'failed' }
      const owner = ownerIn(answer.body, request.path) ?? destination.project
      const lesson = { request, destination, headers: answer.headers, requestId }
      const observation = learnFound(lesson, resource, owner)
      return { kind: 'found', observation, project: destination.project }
    }

    let failed = false
    try {
      const wishes = { asked, owner: null }
      for await (const destination of destinations.reachEach(cloud, itself, sender, wishes)) {
        const sighting = await lookFrom(destination)
        if (sighting.kind === 'found') return sighting
        failed ||= sighting.kind === 'failed'
      }
    } catch (error) {
      return sightingOf(error)
    }
    return { kind: failed ? 'failed' : 'absent' }
  }
}

interface Read {
  readonly status: number
  readonly headers: RawHeaders
  readonly body: JsonValue | undefined
}

async function read(
  pool: Dispatcher,
  destination: Destination,
  headers: RawHeaders,
  { headersTimeoutMs, idleTimeoutMs }: Timeouts,
  signal: AbortSignal,
): Promise<Read> {
  const answer = await pool.request({
    method: 'GET',
    path: destination.path,
    headers: [...headers],
    headersTimeout: headersTimeoutMs,
    bodyTimeout: idleTimeoutMs,
    signal,
  })
  const { date } = answer.headers
  return {
    status: answer.statusCode,
    headers: typeof date === 'string' ? ['Date', date] : [],
    body: await jsonOf(answer.body),
  }
}

async function jsonOf(body: AsyncIterable<Buffer>): Promise<JsonValue | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > MAX_BYTES) return undefined
    chunks.push(chunk)
  }
  return parseJson(Buffer.concat(chunks).toString())
}

/** Images say whose they are, under the same name as when they were made. */
function ownerIn(body: JsonValue | undefined, path: ParsedPath): ProjectId | null {
  const whole = { kind: 'local' } as const
  const made = callOf('POST', { ...path, target: whole, rest: `/${path.collection}` })
  const pointer = made?.creates?.project
  const owner = pointer ? textAt(body, pointer) : null
  return owner === null ? null : projectId(owner)
}

/** A cloud that cannot be asked has failed; one that does not admit the user has nothing of his. */
function sightingOf(error: unknown): Sighting {
  if (error instanceof MixmatchError) {
    return { kind: NOT_ADMITTED.includes(error.code) ? 'absent' : 'failed' }
  }
  if (isNetworkError(error)) return { kind: 'failed' }
  throw error
}

function isNetworkError(error: unknown): boolean {
  return error instanceof Error && ('code' in error || error.name === 'AbortError')
}
