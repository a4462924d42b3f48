import { eachHeader, type RawHeaders } from '../http-client/raw-headers.js'
import type { Token } from '../identity/token.js'

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
  const connectionOptions = connectionOptionsIn(received)
  const isRemote = auth.kind === 'remote'
  const sent: string[] = []
  eachHeader(received, (name, value, lower) => {
    // WSGI reads `X_Roles` like `X-Roles`: a name with an underscore would bypass the checks below.
    if (lower.includes('_')) return
    if (hopByHop.has(lower) || connectionOptions.has(lower) || forgeable.test(lower)) return
    if (isRemote && (localCredentials.has(lower) || lower === 'x-auth-token')) return
    if (lower === 'x-openstack-request-id') return
    if (readable && lower === 'accept-encoding') return
    sent.push(name, value)
  })
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

/** The headers of the response to the client, made from the headers that a cloud sent. */
export function responseHeaders(received: RawHeaders, additions: ResponseAdditions): string[] {
  const { auth, serviceProvider, requestId, authenticateUri, rewriteLocation } = additions
  const connectionOptions = connectionOptionsIn(received)
  const isRemote = auth.kind === 'remote'
  const sent: string[] = []
  let identified = false
  eachHeader(received, (name, value, lower) => {
    if (hopByHop.has(lower) || connectionOptions.has(lower) || lower === 'mm-service-provider')
      return
    if (isRemote && keptFromClients.has(lower)) return
    identified ||= lower === 'x-openstack-request-id'
    if (locations.has(lower)) sent.push(name, rewriteLocation(value))
    else if (isRemote && lower === 'www-authenticate') sent.push(name, challenge(authenticateUri))
    else sent.push(name, value)
  })
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

function connectionOptionsIn(headers: RawHeaders): ReadonlySet<string> {
  const connectionOptions = new Set<string>()
  eachHeader(headers, (_, value, lower) => {
    if (lower !== 'connection') return
    for (const option of value.split(',')) connectionOptions.add(option.trim().toLowerCase())
  })
  return connectionOptions
}
