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

/** What a cloud answered to a read. */
export interface Answer {
  readonly status: number
  readonly body: JsonValue | undefined
  /** A moment before which the cloud cannot have looked: by its own clock, when the question left. */
  readonly at: Micros
}

/**
 * Read one path of a service, as Mixmatch itself.
 *
 * @param path below version and project: `/volumes/detail?limit=500`
 * @throws what `ask` and `ServiceIdentity.access` throw, once it has been tried again;
 * CONFIG_INVALID where another Mixmatch answers
 */
export type Read = (service: ServiceName, path: string) => Promise<Answer>

export interface ReaderParts {
  readonly cloud: {
    readonly name: SpName
    /** Where the configuration has it; else the catalog of that cloud tells. */
    readonly endpoints: Readonly<Record<ServiceName, string | null>>
  }
  readonly identity: Pick<ServiceIdentity, 'access' | 'forget'>
  readonly pools: Pools
  readonly timeouts: Timeouts
  /** `req-<uuid>`, by which the cloud's own logs tell whose questions these were. */
  readonly requestId: string
  /** The longest wait before the first retry; the next one may wait twice as long. */
  readonly pauseMs: number
  readonly signal: AbortSignal
}

/** A long list should survive a hiccup, and a cloud that is down should not hold up the others. */
const ATTEMPTS = 3
/** How it is told that there is nobody to talk to, for the moment or longer. */
export const outages: readonly FaultCode[] = [
  'SERVICE_PROVIDER_UNREACHABLE',
  'SERVICE_PROVIDER_TIMEOUT',
  'SERVICE_PROVIDER_BROKE_OFF',
]
const tryAgain = [429, 500, 502, 503, 504]

/** Read from one cloud: with a token that is renewed in time, and at once when it is refused. */
export function createReader(parts: ReaderParts): Read {
  const { identity, cloud, pauseMs, signal } = parts
  const { name } = cloud

  function readWithToken(service: ServiceName, path: string): Promise<Answer> {
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
        const answer = await readWithToken(service, path)
        if (attempt === ATTEMPTS || !tryAgain.includes(answer.status)) return answer
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
): Promise<Answer> {
  const { catalogTypes, version, projectInPath } = services[service]
  const listed = catalogTypes.map(type => access.endpoints.get(type)).find(url => url)
  const url = cloud.endpoints[service] ?? listed
  if (url === undefined) {
    const message = `Service provider "${cloud.name}" has no ${service} service in its catalog.`
    throw new MixmatchError('NOT_FOUND', message)
  }
  const base = new URL(endpointBase(url))
  const prefix = `${base.pathname.replace(/\/$/, '')}/${version}`
  const whole = `${prefix}${projectInPath ? `/${encodePathSegment(access.project.id)}` : ''}${path}`
  const begun = performance.now()
  const asked = await fetchText(
    pools.dispatcher(cloud.name, base.origin),
    {
      path: whole,
      headers: headersFor(service, access, requestId),
      what: `Service provider "${cloud.name}": GET ${base.origin}${whole}`,
    },
    timeouts,
    signal,
  )
  refuseProxies(asked, cloud.name, url)
  const at = askedAt(asked, performance.now() - begun)
  return { status: asked.status, body: parseJson(asked.text), at }
}

/**
 * The newest microversion that the cloud has, whichever that is: what is read here was only ever
 * added to, and the owner of a group is shown from 3.58 on alone.
 */
function headersFor(service: ServiceName, { token }: ServiceAccess, requestId: string): string[] {
  const version = service === 'volume' ? ['OpenStack-API-Version', 'volume latest'] : []
  const own = ['Accept', 'application/json', 'X-Openstack-Request-Id', requestId]
  return [...own, ...version, 'X-Auth-Token', token.reveal()]
}

/**
 * What answers like Mixmatch tells of other clouds, too, and all that would be taken for this one's.
 *
 * @throws CONFIG_INVALID
 */
function refuseProxies({ headers }: TextResponse, cloud: SpName, url: string): void {
  if (headerValue(headers, 'mm-service-provider') === undefined) return
  throw new MixmatchError(
    'CONFIG_INVALID',
    `Service provider "${cloud}": ${url} is a Mixmatch, which answers for several clouds. Give ` +
      `[sp_${cloud}] the URLs of the services themselves, in image_endpoint and volume_endpoint.`,
  )
}

/** The Date of an answer tells when it was written; by our own clock where there is none. */
function askedAt({ headers }: TextResponse, tookMs: number): Micros {
  const date = Date.parse(headerValue(headers, 'date') ?? '')
  const answered = Number.isSafeInteger(date * 1000) ? date : Date.now()
  return micros(Math.floor(answered - tookMs) * 1000)
}

function isOutage(error: unknown): boolean {
  return error instanceof MixmatchError && outages.includes(error.code)
}
