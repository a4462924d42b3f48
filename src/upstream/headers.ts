import { eachHeader, headerValues, type RawHeaders } from '../http-client/raw-headers.js'
import type { Token } from '../identity/token.js'
import { memoize } from '../memoize.js'

/**
 * The tokens of a request to a cloud. The identity provider's own services get the tokens of the client.
 * A service provider gets tokens that it issued.
 */
export type UpstreamAuth =
  | { readonly kind: 'local' }
  | {
      readonly kind: 'remote'
      /** The user's. */
      readonly token: Token | null
      /** Mixmatch's, if a service sends the request for the user. */
      readonly serviceToken: Token | null
    }

/** What the proxy adds to a request that it forwards. */
interface RequestAdditions {
  readonly auth: UpstreamAuth
  /** `req-<uuid>`: the id of the request, the same in every service. */
  readonly globalRequestId: string
  /** Forwarded and X-Forwarded-*, see `public-address.ts`. */
  readonly forwarded: RawHeaders
  /** The proxies that the request has passed, this one last: MM-PROXY-LIST. */
  readonly visited: readonly string[]
  /** Whether the proxy may have to read the response, so that it must come without a content coding. */
  readonly readable: boolean
}

/**
 * Hop-by-hop headers (RFC 9110 §7.6.1, RFC 2616), and headers that every hop sets itself. The proxy
 * itself responds to `Expect`. Under CGI `Proxy` becomes the environment variable HTTP_PROXY ("httpoxy").
 */
const hopByHop = new Set([
  'connection',
  'expect',
  'host',
  'keep-alive',
  'proxy',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Credentials for the identity provider. No other cloud may see them. */
const localCredentials = new Set([
  'authorization',
  'cookie',
  'x-service-token',
  'x-storage-token',
  'x-subject-token',
])

/**
 * Headers that only keystonemiddleware's auth_token (in all its versions) or a proxy sets for the service
 * behind it. If a client sends such a header, it is forged.
 */
const forgeable =
  /^(?:mm-|forwarded$|x-forwarded-|x-real-ip$|x-(?:service-)?(?:identity-status$|user|project|tenant|domain|roles?(?:-|$))|x-service-catalog$|x-is-admin-project$|x-auth-plugin$|x-authenticated|x-trust|openstack-system-scope$)/

/**
 * Which requests have a header of the client, by its name: none, all but those to a service provider, all
 * but those whose response must be `readable`, or all.
 */
const useInRequests = memoize((name): 'none' | 'local' | 'unreadable' | 'all' => {
  const lower = name.toLowerCase()
  // WSGI reads `X_Roles` like `X-Roles`: a name with an underscore would bypass the checks.
  if (lower.includes('_') || hopByHop.has(lower) || forgeable.test(lower)) return 'none'
  if (lower === 'x-openstack-request-id') return 'none'
  if (localCredentials.has(lower) || lower === 'x-auth-token') return 'local'
  return lower === 'accept-encoding' ? 'unreadable' : 'all'
})

const REQUEST_ID = /^req-[a-f0-9]{8}-(?:[a-f0-9]{4}-){3}[a-f0-9]{12}$/

/** Whether the text has the form in which services accept an id from elsewhere (oslo.middleware). */
export function isRequestId(text: string | undefined): text is string {
  return text !== undefined && REQUEST_ID.test(text)
}

/**
 * The headers to send, made from the headers received. The identity provider's own services get the
 * tokens unchanged. A service provider gets its own tokens instead, and no other credentials.
 */
export function requestHeaders(received: RawHeaders, additions: RequestAdditions): string[] {
  const { auth, globalRequestId, forwarded, visited, readable } = additions
  const named = connectionOptionsIn(received)
  const isRemote = auth.kind === 'remote'
  const sent: string[] = []
  for (let index = 0; index + 1 < received.length; index += 2) {
    const name = received[index] ?? ''
    const use = useInRequests(name)
    if (use === 'none' || (use === 'local' && isRemote) || (use === 'unreadable' && readable))
      continue
    if (isIn(named, name)) continue
    sent.push(name, received[index + 1] ?? '')
  }
  if (isRemote && auth.token) sent.push('X-Auth-Token', auth.token.reveal())
  if (isRemote && auth.serviceToken) sent.push('X-Service-Token', auth.serviceToken.reveal())
  if (readable) sent.push('Accept-Encoding', 'identity')
  sent.push('X-Openstack-Request-Id', globalRequestId, 'MM-PROXY-LIST', visited.join(','))
  sent.push(...forwarded)
  return sent
}

/** What the proxy adds to a response that it forwards. */
interface ResponseAdditions {
  readonly auth: UpstreamAuth
  /** Which cloud responded: MM-Service-Provider. */
  readonly serviceProvider: string
  /** Used if the cloud gave the request no id. */
  readonly requestId: string
  /** The Keystone that clients log in to. They cannot use the Keystone of a service provider. */
  readonly authenticateUri: string
  readonly rewriteLocation: (location: string) => string
}

const locations = new Set(['location', 'content-location'])
/** A client would send a cookie to every cloud behind this proxy. Tokens stay in the proxy. */
const keptFromClients = new Set(['set-cookie', 'x-auth-token', 'x-subject-token'])

/** How a header of a response is forwarded, by its name. `secret`: not from a service provider. */
const useInResponses = memoize(
  (name): 'none' | 'secret' | 'request id' | 'location' | 'challenge' | 'all' => {
    const lower = name.toLowerCase()
    if (hopByHop.has(lower) || lower === 'mm-service-provider') return 'none'
    if (keptFromClients.has(lower)) return 'secret'
    if (lower === 'x-openstack-request-id') return 'request id'
    if (lower === 'www-authenticate') return 'challenge'
    return locations.has(lower) ? 'location' : 'all'
  },
)

/** The headers of the response to the client, made from the headers that a cloud sent. */
export function responseHeaders(received: RawHeaders, additions: ResponseAdditions): string[] {
  const { auth, serviceProvider, requestId, authenticateUri, rewriteLocation } = additions
  const named = connectionOptionsIn(received)
  const isRemote = auth.kind === 'remote'
  const sent: string[] = []
  let identified = false
  for (let index = 0; index + 1 < received.length; index += 2) {
    const name = received[index] ?? ''
    const value = received[index + 1] ?? ''
    const use = useInResponses(name)
    if (use === 'none' || (use === 'secret' && isRemote) || isIn(named, name)) continue
    identified ||= use === 'request id'
    if (use === 'location') sent.push(name, rewriteLocation(value))
    else if (use === 'challenge' && isRemote) sent.push(name, challenge(authenticateUri))
    else sent.push(name, value)
  }
  sent.push('MM-Service-Provider', serviceProvider)
  if (!identified) sent.push('X-Openstack-Request-Id', requestId)
  return sent
}

/** Fields that must not come after the body: they decide how a message is parsed or who may read it. */
const notInTrailers =
  /^(?:content-.*|host|location|age|cache-control|expires|date|vary|set-cookie|www-authenticate|mm-.*|x-(?:auth|subject|service)-token)$/

/** The trailers to forward to the client, made from those of a cloud (RFC 9110 §6.5.1). */
export function responseTrailers(received: RawHeaders): string[] {
  const sent: string[] = []
  eachHeader(received, (name, value, lower) => {
    if (!hopByHop.has(lower) && !notInTrailers.test(lower)) sent.push(name, value)
  })
  return sent
}

/** The value of WWW-Authenticate that sends a client to Keystone. */
export function challenge(authenticateUri: string): string {
  return `Keystone uri="${authenticateUri}"`
}

/** The headers that Connection names, in lower case, apart from those that are never forwarded. */
function connectionOptionsIn(headers: RawHeaders): readonly string[] {
  const values = headerValues(headers, 'connection')
  return values.length === 0 ? values : values.flatMap(connectionOptions)
}

const connectionOptions = memoize(value =>
  value
    .split(',')
    .map(option => option.trim().toLowerCase())
    .filter(option => !hopByHop.has(option)),
)

function isIn(options: readonly string[], name: string): boolean {
  return options.length > 0 && options.includes(name.toLowerCase())
}
