import { setTimeout as sleep } from 'node:timers/promises'
import { createBackoff } from '../backoff.js'
import { type FaultCode, MixmatchError } from '../errors.js'
import { headerValue } from '../http-client/raw-headers.js'
import { encodePathSegment } from '../http-client/url-encoding.js'
import type { ServiceAccess, ServiceIdentity } from '../identity/service-identity.js'
import { type Micros, micros, type SpName } from '../ids.js'
import { type JsonValue, parseJson } from '../json.js'
import { endpointBase } from '../routing/upstream-path.js'
import type { ServiceName } from '../service/service.js'
import { services } from '../service/services.js'
import type { Timeouts } from '../upstream/failure.js'
import type { Pools } from '../upstream/pools.js'
import { fetchText, type TextResponse } from '../upstream/text-response.js'
import { retryUnauthorized } from '../upstream/token-retry.js'

/** The response to a read. */
export interface ReadResponse {
  readonly status: number
  readonly body: JsonValue | undefined
  /** The time when the request was sent, by the clock of the cloud. The response is not older than that. */
  readonly at: Micros
}

/**
 * Read one path of a service with a token of Mixmatch's own user.
 *
 * @param path after version and project: `/volumes/detail?limit=500`
 * @throws what `fetchText` and `ServiceIdentity.access` throw, after retries;
 * CONFIG_INVALID if the endpoint is another Mixmatch
 */
export type ReadCloud = (service: ServiceName, path: string) => Promise<ReadResponse>

interface ReaderParts {
  readonly cloud: {
    readonly name: SpName
    /** As configured; null for the endpoint in the catalog of that cloud. */
    readonly endpoints: Readonly<Record<ServiceName, string | null>>
  }
  readonly identity: Pick<ServiceIdentity, 'access' | 'forget'>
  readonly pools: Pools
  readonly timeouts: Timeouts
  /** `req-<uuid>`, to find the requests of a run in the logs of the cloud. */
  readonly requestId: string
  /** The longest wait before the first retry; the next one may wait twice as long. */
  readonly pauseMs: number
  readonly signal: AbortSignal
}

/** Enough for a long list during a short failure, and few enough for a cloud that is down. */
const ATTEMPTS = 3
/** The errors if a cloud cannot be reached. */
export const outageCodes: readonly FaultCode[] = [
  'SERVICE_PROVIDER_UNREACHABLE',
  'SERVICE_PROVIDER_TIMEOUT',
  'SERVICE_PROVIDER_BROKE_OFF',
]
const retryStatuses = [429, 500, 502, 503, 504]

/** Create a function that reads from one cloud. It renews the token in time, and at once after a 401. */
export function createCloudReader(parts: ReaderParts): ReadCloud {
  const { identity, cloud, pauseMs, signal } = parts
  const { name } = cloud

  function readWithToken(service: ServiceName, path: string): Promise<ReadResponse> {
    return retryUnauthorized({
      access: () => identity.access(name),
      send: access => readOnce(parts, access, service, path),
      forget: access => () => identity.forget(name, access.token),
    })
  }

  return async function read(service, path) {
    const backoff = createBackoff({ firstMs: pauseMs, capMs: 2 * pauseMs })
    for (let attempt = 1; ; attempt += 1) {
      signal.throwIfAborted()
      try {
        const response = await readWithToken(service, path)
        if (attempt === ATTEMPTS || !retryStatuses.includes(response.status)) return response
      } catch (error) {
        signal.throwIfAborted()
        if (attempt === ATTEMPTS || !isOutage(error)) throw error
      }
      await sleep(backoff.nextMs(), undefined, { signal })
    }
  }
}

async function readOnce(
  { cloud, pools, timeouts, requestId, signal }: ReaderParts,
  access: ServiceAccess,
  service: ServiceName,
  path: string,
): Promise<ReadResponse> {
  const { catalogTypes, version, projectInPath } = services[service]
  const catalogued = catalogTypes.map(type => access.endpoints.get(type)).find(url => url)
  const url = cloud.endpoints[service] ?? catalogued
  if (url === undefined) {
    const message = `Service provider "${cloud.name}" has no ${service} service in its catalog.`
    throw new MixmatchError('NOT_FOUND', message)
  }
  const base = new URL(endpointBase(url))
  const prefix = `${base.pathname.replace(/\/$/, '')}/${version}`
  const wholePath = `${prefix}${projectInPath ? `/${encodePathSegment(access.project.id)}` : ''}${path}`
  const startedAt = performance.now()
  const response = await fetchText(
    pools.pool(cloud.name, base.origin),
    {
      path: wholePath,
      headers: headersFor(service, access, requestId),
      what: `Service provider "${cloud.name}": GET ${base.origin}${wholePath}`,
    },
    timeouts,
    signal,
  )
  rejectProxy(response, cloud.name, url)
  const at = sentAt(response, performance.now() - startedAt)
  return { status: response.status, body: parseJson(response.text), at }
}

/**
 * The request headers. They request the newest microversion of the cloud: newer ones only add members, and
 * only microversions from 3.58 on show the owner of a group.
 */
function headersFor(service: ServiceName, { token }: ServiceAccess, requestId: string): string[] {
  const version = service === 'volume' ? ['OpenStack-API-Version', 'volume latest'] : []
  const own = ['Accept', 'application/json', 'X-Openstack-Request-Id', requestId]
  return [...own, ...version, 'X-Auth-Token', token.reveal()]
}

/**
 * Reject an endpoint that is a Mixmatch: it lists the resources of several clouds, not of one.
 *
 * @throws CONFIG_INVALID
 */
function rejectProxy({ headers }: TextResponse, cloud: SpName, url: string): void {
  if (headerValue(headers, 'mm-service-provider') === undefined) return
  throw new MixmatchError(
    'CONFIG_INVALID',
    `Service provider "${cloud}": ${url} is a Mixmatch, which answers for several clouds. Give ` +
      `[sp_${cloud}] the URLs of the services themselves, in image_endpoint and volume_endpoint.`,
  )
}

/** The send time by the Date header of the response; by our own clock if there is no such header. */
function sentAt({ headers }: TextResponse, tookMs: number): Micros {
  const date = Date.parse(headerValue(headers, 'date') ?? '')
  const answeredAt = Number.isSafeInteger(date * 1000) ? date : Date.now()
  return micros(Math.floor(answeredAt - tookMs) * 1000)
}

function isOutage(error: unknown): boolean {
  return error instanceof MixmatchError && outageCodes.includes(error.code)
}
