/** A cookie with the attributes that say where and until when it is sent; null where it has none. */
interface Cookie {
  readonly name: string
  readonly value: string
  /** In lower case, without a leading dot. */
  readonly domain: string | null
  readonly path: string
  readonly maxAgeSeconds: number | null
  /** Milliseconds since 1970. */
  readonly expiresMs: number | null
  readonly secure: boolean
}

/** The URL that set the cookies, the URL to send them to, and the time (milliseconds since 1970). */
interface CookieUse {
  readonly from: string
  readonly to: string
  readonly nowMs: number
}

/**
 * The value of the Cookie header for the cookies that a response set, as in RFC 6265 §5.3 and §5.4. If
 * a cookie is set twice, the last one counts. A cookie is not sent if it has expired or is for another
 * path, nor a Secure cookie on an unencrypted connection.
 *
 * This sends more than a browser: both URLs belong to one cloud, even if their hosts differ, and a
 * cookie without a path is for the whole cloud.
 *
 * @param setCookies the values of the Set-Cookie headers, in their order
 * @returns an empty text if there is nothing to send
 */
export function cookieHeader(
  setCookies: readonly string[],
  { from, to, nowMs }: CookieUse,
): string {
  const [source, target] = [new URL(from), new URL(to)]
  const cookies = new Map<string, Cookie>()
  for (const text of setCookies) {
    const cookie = parseCookie(text)
    if (!cookie || !isOfDomain(source.hostname, cookie)) continue
    const key = JSON.stringify([cookie.name, cookie.domain, cookie.path])
    cookies.delete(key)
    if (!hasExpired(cookie, nowMs)) cookies.set(key, cookie)
  }
  return [...cookies.values()]
    .filter(cookie => isOfDomain(target.hostname, cookie) && isForPath(target.pathname, cookie))
    .filter(({ secure }) => !secure || target.protocol === 'https:')
    .sort((a, b) => b.path.length - a.path.length)
    .map(({ name, value }) => `${name}=${value}`)
    .join('; ')
}

/**
 * Parse the value of a Set-Cookie header (RFC 6265 §5.2). The last of several attributes of one name counts.
 *
 * @returns null if it has no name, or a control character
 */
function parseCookie(text: string): Cookie | null {
  const [pair = '', ...rest] = text.split(';')
  const [name, value] = splitPair(pair)
  if (name === '' || !pair.includes('=') || CONTROL_CHARACTER.test(text)) return null
  const attributes = new Map(
    rest.map(splitPair).map(([name, value]) => [name.toLowerCase(), value] as const),
  )
  const path = attributes.get('path') ?? ''
  const maxAge = attributes.get('max-age') ?? ''
  const expires = Date.parse(attributes.get('expires') ?? '')
  return {
    name,
    value,
    domain: attributes.get('domain')?.toLowerCase().replace(/^\./, '') || null,
    path: path.startsWith('/') ? path : '/',
    maxAgeSeconds: /^-?\d+$/.test(maxAge) ? Number(maxAge) : null,
    expiresMs: Number.isNaN(expires) ? null : expires,
    secure: attributes.has('secure'),
  }
}

const CONTROL_CHARACTER = /\p{Cc}/u

/** `name = value` → its trimmed parts. Without `=` the value is empty. */
function splitPair(text: string): readonly [name: string, value: string] {
  const at = text.indexOf('=')
  return at === -1 ? [text.trim(), ''] : [text.slice(0, at).trim(), text.slice(at + 1).trim()]
}

/** Max-Age has precedence over Expires. */
function hasExpired({ maxAgeSeconds, expiresMs }: Cookie, nowMs: number): boolean {
  if (maxAgeSeconds !== null) return maxAgeSeconds <= 0
  return expiresMs !== null && expiresMs <= nowMs
}

function isOfDomain(host: string, { domain }: Cookie): boolean {
  return domain === null || host === domain || host.endsWith(`.${domain}`)
}

function isForPath(pathname: string, { path }: Cookie): boolean {
  return pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`)
}
