import { type FaultCode, MixmatchError } from '../errors.js'
import { type RawHeaders, withoutHeader } from '../http-client/raw-headers.js'
import type { Identity } from '../identity/identity.js'
import { type ProjectId, projectId, type ResourceKey } from '../ids.js'
import { type JsonValue, parseJson, textAt } from '../json.js'
import type { Observation } from '../observation/observation.js'
import { callOf } from '../routing/call.js'
import type { ParsedPath } from '../routing/path.js'
import type { ResourceRead } from '../routing/upstream-path.js'
import type { Destination, Destinations, Requester } from './destination.js'
import type { Timeouts } from './failure.js'
import { learnAbsent, learnFound } from './observe.js'
import type { Pools } from './pools.js'
import { nameRequest } from './request-name.js'
import type { Look, Sighting } from './search.js'
import { fetchText, type TextResponse } from './text-response.js'
import { forgetToken, retryUnauthorized } from './token-retry.js'

/** The request on whose behalf is looked. */
export interface Seeker {
  readonly requester: Requester
  /** How to read a resource; null where there can be none such. */
  readonly readOf: (resource: ResourceKey) => ResourceRead | null
  /** MM-PROJECT-ID. */
  readonly asked: ProjectId | null
  /** What to send to a destination: as with the request itself, without what belongs to its body. */
  readonly headers: (destination: Destination) => RawHeaders
  readonly requestId: string
}

/** The status codes that say: there is none such. */
const GONE = new Set([404, 410])
/** Answers that tell of a cloud at work that has no such resource, or none for this user. */
const ABSENT = new Set([400, 403, 404, 410])
/** Reasons for which a user cannot have anything at a cloud. */
const NOT_ADMITTED: readonly FaultCode[] = ['FORBIDDEN', 'NO_PROJECT_AT_SERVICE_PROVIDER']

/** Make the look at one cloud for `search`: in every project that the user has there, likeliest first. */
export function createLook(
  { readOf, requester, asked, headers, requestId }: Seeker,
  options: {
    destinations: Destinations
    pools: Pools
    timeouts: Timeouts
    forget: Identity['forget']
  },
): Look {
  const { destinations, pools, timeouts, forget } = options
  return async (cloud, resource, signal) => {
    const read = readOf(resource)
    if (read === null) return { kind: 'absent' }
    const { path: itself } = read
    const request = { method: 'GET', path: itself }

    function readFrom(destination: Destination): Promise<TextResponse> {
      const { origin, path } = destination
      const what = nameRequest(cloud, 'GET', path)
      const sent = inMicroversion(headers(destination), read?.microversion)
      const get = { path, headers: sent, what }
      return fetchText(pools.dispatcher(cloud, origin), get, timeouts, signal)
    }

    const lookFrom = async (destination: Destination): Promise<Sighting> => {
      const answer = await retryUnauthorized({
        access: async isRetry =>
          isRetry
            ? destinations.resolve(cloud, itself, requester, {
                asked: destination.project,
                owner: null,
              })
            : destination,
        send: readFrom,
        forget: used => forgetToken(requester, used, forget),
      })
      const lesson = { request, destination, headers: answer.headers, requestId }
      if (ABSENT.has(answer.status)) {
        const project = requester.caller?.project?.id
        const proves = GONE.has(answer.status) && read.isConclusive && project !== undefined
        const observation = proves ? learnAbsent(lesson, resource, project) : undefined
        return { kind: 'absent', observation }
      }
      if (answer.status < 200 || answer.status >= 300) return { kind: 'failed' }
      const owner = ownerIn(parseJson(answer.text), request.path) ?? destination.project
      const observation = learnFound(lesson, resource, owner)
      return { kind: 'found', observation, project: destination.project }
    }

    let failed = false
    const absent: (Observation | undefined)[] = []
    try {
      const preference = { asked, owner: null }
      for await (const destination of destinations.resolveEach(
        cloud,
        itself,
        requester,
        preference,
      )) {
        const sighting = await lookFrom(destination)
        if (sighting.kind === 'found') return sighting
        if (sighting.kind === 'failed') failed = true
        else absent.push(sighting.observation)
      }
    } catch (error) {
      return sightingOf(error)
    }
    if (failed) return { kind: 'failed' }
    return { kind: 'absent', observation: absent.includes(undefined) ? undefined : absent[0] }
  }
}

const MICROVERSION = 'OpenStack-API-Version'

function inMicroversion(headers: RawHeaders, microversion: string | null | undefined): RawHeaders {
  if (microversion === undefined) return headers
  const others = withoutHeader(headers, MICROVERSION.toLowerCase())
  return microversion === null ? others : [...others, MICROVERSION, microversion]
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
  throw error
}
