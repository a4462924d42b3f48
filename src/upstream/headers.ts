import { eachHeader, type RawHeaders } from '../http-client/raw-headers.js'
import type { Token } from '../identity/token.js'

/** Whose cloud a message crosses to or comes from, and with which tokens of that service provider. */
export type Border =
  | { readonly kind: 'home' }
  | {
      readonly kind: 'abroad'
      /** The user's own. */
      readonly token: Token | null
      /** Mixmatch's, where a service sends the request for the user. */
      readonly serviceToken: Token | null
    }

/** What we add to a request that we pass on. */
export interface Additions {
  readonly border: Border
  /** `req-<uuid>`: the id that the request keeps through every service. */
  readonly globalRequestId: string
  /** Forwarded and X-Forwarded-*, see `forwarded.ts`. */
  readonly forwarded: RawHeaders
  /** The proxies that the request has passed, ours the last: MM-PROXY-LIST. */
  readonly visited: readonly string[]
  /** Whether the answer may have to be read, and so must come without a content coding. */
  readonly readable: boolean
}

/**
 * Hop by hop (RFC 9110 §7.6.1, and those that RFC 2616 named), or made anew for every hop. `Expect`
 * is ours to answer; `Proxy` becomes the environment variable HTTP_PROXY under CGI ("httpoxy").
 */
const ofThisHop = new Set([
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

/** Credentials that are good at home, if anywhere. No other cloud may see them. */
const onlyAtHome = new Set([
  'authorization',
  'cookie',
  'x-service-token',
  'x-storage-token',
  'x-subject-token',
])

/**
 * What keystonemiddleware's auth_token tells the service behind it, in all spellings that ever
 * were, and what our own pipeline says of the way: a client that sends such a header is forging it.
 */
const neverFromClients =
  /^(?:mm-|forwarded$|x-forwarded-|x-real-ip$|x-(?:service-)?(?:identity-status$|user|project|tenant|domain|roles?(?:-|$))|x-service-catalog$|x-is-admin-project$|x-auth-plugin$|x-authenticated|x-trust|openstack-system-scope$)/

const REQUEST_ID = /^req-[a-f0-9]{8}-(?:[a-f0-9]{4}-){3}[a-f0-9]{12}$/

/** Whether the text has the form in which services accept an id from elsewhere (oslo.middleware). */
export function isRequestId(text: string | undefined): text is string {
  return text !== undefined && REQUEST_ID.test(text)
}

/**
 * The headers to send for the headers received. Tokens go home unchanged; abroad those that are good
 * there take their place, and nothing else that could be a credential goes along.
 */
export function requestHeaders(received: RawHeaders, additions: Additions): string[] {
  const { border, globalRequestId, forwarded, visited, readable } = additions
  const named = namedByConnection(received)
  const abroad = border.kind === 'abroad'
  const sent: string[] = []
  eachHeader(received, (name, value, lower) => {
    // WSGI reads `X_Roles` as it reads `X-Roles`: an underscore would carry a header past us.
    if (lower.includes('_')) return
    if (ofThisHop.has(lower) || named.has(lower) || neverFromClients.test(lower)) return
    if (abroad && (onlyAtHome.has(lower) || lower === 'x-auth-token')) return
    if (lower === 'x-openstack-request-id') return
    if (readable && lower === 'accept-encoding') return
    sent.push(name, value)
  })
  if (abroad && border.token) sent.push('X-Auth-Token', border.token.reveal())
  if (abroad && border.serviceToken) sent.push('X-Service-Token', border.serviceToken.reveal())
  if (readable) sent.push('Accept-Encoding', 'identity')
  sent.push('X-Openstack-Request-Id', globalRequestId, 'MM-PROXY-LIST', visited.join(','))
  sent.push(...forwarded)
  return sent
}

/** What we add to an answer that we pass back. */
export interface AnswerAdditions {
  readonly border: Border
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
const notFromAbroad = new Set(['set-cookie', 'x-auth-token', 'x-subject-token'])

/** The headers to answer with for the headers that a cloud answered with. */
export function responseHeaders(received: RawHeaders, additions: AnswerAdditions): string[] {
  const { border, serviceProvider, requestId, authenticateUri, rewriteLocation } = additions
  const named = namedByConnection(received)
  const abroad = border.kind === 'abroad'
  const sent: string[] = []
  let identified = false
  eachHeader(received, (name, value, lower) => {
    if (ofThisHop.has(lower) || named.has(lower) || lower === 'mm-service-provider') return
    if (abroad && notFromAbroad.has(lower)) return
    identified ||= lower === 'x-openstack-request-id'
    if (locations.has(lower)) sent.push(name, rewriteLocation(value))
    else if (abroad && lower === 'www-authenticate') sent.push(name, challenge(authenticateUri))
    else sent.push(name, value)
  })
  sent.push('MM-Service-Provider', serviceProvider)
  if (!identified) sent.push('X-Openstack-Request-Id', requestId)
  return sent
}

/** The value of WWW-Authenticate that sends a client to Keystone. */
export function challenge(authenticateUri: string): string {
  return `Keystone uri="${authenticateUri}"`
}

function namedByConnection(headers: RawHeaders): ReadonlySet<string> {
  const named = new Set<string>()
  eachHeader(headers, (_, value, lower) => {
    if (lower !== 'connection') return
    for (const option of value.split(',')) named.add(option.trim().toLowerCase())
  })
  return named
}
