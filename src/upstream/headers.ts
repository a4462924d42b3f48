import { eachHeader, type RawHeaders } from '../http-client/raw-headers.js'
import type { Token } from '../identity/token.js'

/**
 * With which tokens a request goes to a cloud: to the identity provider's own services with those that
 * came with it, to a service provider with tokens of that service provider.
 */
export type UpstreamAuth =
  | { readonly kind: 'local' }
  | {
      readonly kind: 'remote'
      /** The user's. */
      readonly token: Token | null
      /** Mixmatch's, where a service sends the request for the user. */
      readonly serviceToken: Token | null
    }

/** What we add to a request that we pass on. */
interface RequestAdditions {
  readonly auth: UpstreamAuth
  /** `req-<uuid>`: the id that the request keeps through every service. */
  readonly globalRequestId: string
  /** Forwarded and X-Forwarded-*, see `public-address.ts`. */
  readonly forwarded: RawHeaders
  /** The proxies that the request has passed, ours the last: MM-PROXY-LIST. */
  readonly visited: readonly string[]
  /** Whether the response may have to be read, and so must come without a content coding. */
  readonly readable: boolean
}

/**
 * Hop by hop (RFC 9110 §7.6.1, and those that RFC 2616 named), or made anew for every hop. `Expect`
 * is ours to answer; `Proxy` becomes the environment variable HTTP_PROXY under CGI ("httpoxy").
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

/** Credentials that are valid at the identity provider, if anywhere. No other cloud may see them. */
const localCredentials = new Set([
  'authorization',
  'cookie',
  'x-service-token',
  'x-storage-token',
  'x-subject-token',
])

/**
 * What keystonemiddleware's auth_token tells the service behind it, in every spelling that it ever
 * had, and what proxies say of the client: a client that sends such a header is forging it.
 */
const forgeable =
  /^(?:mm-|forwarded$|x-forwarded-|x-real-ip$|x-(?:service-)?(?:identity-status$|user|project|tenant|domain|roles?(?:-|$))|x-service-catalog$|x-is-admin-project$|x-auth-plugin$|x-authenticated|x-trust|openstack-system-scope$)/

const REQUEST_ID = /^req-[a-f0-9]{8}-(?:[a-f0-9]{4}-){3}[a-f0-9]{12}$/

/** Whether the text has the form in which services accept an id from elsewhere (oslo.middleware). */
export function isRequestId(text: string | undefined): text is string {
  return text !== undefined && REQUEST_ID.test(text)
}

/**
 * The headers to send for the headers received. To the identity provider's own services tokens go
 * unchanged. To a service provider its own tokens go instead, and no other credential.
 */
export function requestHeaders(received: RawHeaders, additions: RequestAdditions): string[] {
  const { auth, globalRequestId, forwarded, visited, readable } = additions
  const connectionOptions = connectionOptionsIn(received)
  const isRemote = auth.kind === 'remote'
  const sent: string[] = []
  eachHeader(received, (name, value, lower) => {
    // WSGI reads `X_Roles` as it reads `X-Roles`: an underscore would carry a header past us.
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

/** What we add to a response that we pass back. */
interface ResponseAdditions {
  readonly auth: UpstreamAuth
  /** Which cloud answered: MM-Service-Provider. */
  readonly serviceProvider: string
  /** Where the cloud gave the request no id of its own. */
  readonly requestId: string
  /** The Keystone to log in to; a service provider's own is none that the user could use. */
  readonly authenticateUri: string
  readonly rewriteLocation: (location: string) => string
}

const locations = new Set(['location', 'content-location'])
/** A cookie would come back to every cloud behind this proxy; a token is for us to keep. */
const keptFromClients = new Set(['set-cookie', 'x-auth-token', 'x-subject-token'])

/** The headers of the response to the client, for the headers that a cloud sent. */
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

/** What must not come after the body, because it decides how a message is read or who may read it. */
const notInTrailers =
  /^(?:content-.*|host|location|age|cache-control|expires|date|vary|set-cookie|www-authenticate|mm-.*|x-(?:auth|subject|service)-token)$/

/** The trailers to pass to the client, for those of a cloud (RFC 9110 §6.5.1). */
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
