import { type FaultCode, MixmatchError } from '../errors.js'
import { type RawHeaders, withoutHeader } from '../http-client/raw-headers.js'
import type { Identity } from '../identity/identity.js'
import { type ProjectId, projectId, type ResourceKey } from '../ids.js'
import { type JsonValue, parseJson, textAt } from '../json.js'
import type { ParsedPath } from '../routing/path.js'
import { findRequestRule } from '../routing/request-rule.js'
import type { ResourceRead } from '../routing/upstream-path.js'
import type { Destination, Destinations, Requester } from './destination.js'
import type { Timeouts } from './failure.js'
import { observeAbsent, observeFound } from './observed-response.js'
import type { Pools } from './pools.js'
import { nameRequest } from './request-name.js'
import type { Absent, ProbeResult, Prober } from './search.js'
import { fetchText, type TextResponse } from './text-response.js'
import { forgetToken, retryUnauthorized } from './token-retry.js'

/** The client's request for which clouds are probed. */
export interface ProbeRequest {
  readonly requester: Requester
  /** How to read a resource; null if no such resource can exist. */
  readonly readOf: (resource: ResourceKey) => ResourceRead | null
  /** MM-PROJECT-ID. */
  readonly asked: ProjectId | null
  /** The headers for a destination: those of the request itself, without those of its body. */
  readonly headers: (destination: Destination) => RawHeaders
  readonly requestId: string
}

/** The resource is not there. */
const GONE = new Set([404, 410])
/** The cloud works, but has no such resource for this user. */
const ABSENT = new Set([400, 403, 404, 410])
/** The user cannot have anything at this cloud. */
const NOT_ADMITTED: readonly FaultCode[] = ['FORBIDDEN', 'NO_PROJECT_AT_SERVICE_PROVIDER']

/** Create a prober. It reads in every project that the user has in the cloud, the most likely first. */
export function createProber(
  { readOf, requester, asked, headers, requestId }: ProbeRequest,
  options: {
    destinations: Destinations
    pools: Pools
    timeouts: Timeouts
    forget: Identity['forget']
  },
): Prober {
  const { destinations, pools, timeouts, forget } = options
  return async (cloud, resource, signal) => {
    const read = readOf(resource)
    if (read === null) return { kind: 'absent' }
    const { path: itself } = read
    const request = { method: 'GET', path: itself }

    function readFrom(destination: Destination): Promise<TextResponse> {
      const { origin, path } = destination
      const what = nameRequest(cloud, 'GET', path)
      const sent = withMicroversion(headers(destination), read?.microversion)
      const get = { path, headers: sent, what }
      return fetchText(pools.pool(cloud, origin), get, timeouts, signal)
    }

    const probeDestination = async (destination: Destination): Promise<ProbeResult> => {
      const response = await retryUnauthorized({
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
      const observed = { request, destination, headers: response.headers, requestId }
      if (ABSENT.has(response.status)) {
        const project = requester.caller?.project?.id
        const isCertain = GONE.has(response.status) && read.isConclusive
        const isKept = isCertain && project !== undefined
        const observation = isKept ? observeAbsent(observed, resource, project) : undefined
        return { kind: 'absent', isCertain, observation }
      }
      if (response.status < 200 || response.status >= 300) return { kind: 'failed' }
      const owner = findOwner(parseJson(response.text), request.path) ?? destination.project
      const observation = observeFound(observed, resource, owner)
      return { kind: 'found', observation, project: destination.project }
    }

    let failed = false
    const absent: Absent[] = []
    try {
      const preference = { asked, owner: null }
      for await (const destination of destinations.resolveEach(
        cloud,
        itself,
        requester,
        preference,
      )) {
        const result = await probeDestination(destination)
        if (result.kind === 'found') return result
        if (result.kind === 'failed') failed = true
        else absent.push(result)
      }
    } catch (error) {
      return resultOfError(error)
    }
    if (failed) return { kind: 'failed' }
    const isCertain = absent.length > 0 && absent.every(result => result.isCertain)
    return {
      kind: 'absent',
      isCertain,
      observation: isCertain ? absent[0]?.observation : undefined,
    }
  }
}

const MICROVERSION = 'OpenStack-API-Version'

function withMicroversion(
  headers: RawHeaders,
  microversion: string | null | undefined,
): RawHeaders {
  if (microversion === undefined) return headers
  const others = withoutHeader(headers, MICROVERSION.toLowerCase())
  return microversion === null ? others : [...others, MICROVERSION, microversion]
}

/** Images name their owner, in the same field as in the response to a create. */
function findOwner(body: JsonValue | undefined, path: ParsedPath): ProjectId | null {
  const whole = { kind: 'local' } as const
  const createRule = findRequestRule('POST', {
    ...path,
    target: whole,
    rest: `/${path.collection}`,
  })
  const pointer = createRule?.creates?.project
  const owner = pointer ? textAt(body, pointer) : null
  return owner === null ? null : projectId(owner)
}

/** A cloud that cannot be reached has failed. A cloud that does not admit the user has no resource of theirs. */
function resultOfError(error: unknown): ProbeResult {
  if (error instanceof MixmatchError) {
    return { kind: NOT_ADMITTED.includes(error.code) ? 'absent' : 'failed' }
  }
  throw error
}
