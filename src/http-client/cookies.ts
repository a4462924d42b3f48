import { type Cookie, parseCookie } from 'undici'

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
    if (!cookie || cookie.name === '' || !isOfDomain(source.hostname, cookie)) continue
    const key = JSON.stringify([cookie.name, cookie.domain, pathOf(cookie)])
    cookies.delete(key)
    if (!hasExpired(cookie, nowMs)) cookies.set(key, cookie)
  }
  return [...cookies.values()]
    .filter(cookie => isOfDomain(target.hostname, cookie) && isForPath(target.pathname, cookie))
    .filter(({ secure }) => !secure || target.protocol === 'https:')
    .sort((a, b) => pathOf(b).length - pathOf(a).length)
    .map(({ name, value }) => `${name}=${value}`)
    .join('; ')
}

/** Max-Age has precedence over Expires. */
function hasExpired({ maxAge, expires }: Cookie, nowMs: number): boolean {
  if (maxAge !== undefined) return maxAge <= 0
  return expires !== undefined && Number(expires) <= nowMs
}

function isOfDomain(host: string, { domain }: Cookie): boolean {
  return !domain || host === domain || host.endsWith(`.${domain}`)
}

function isForPath(path: string, cookie: Cookie): boolean {
  const prefix = pathOf(cookie)
  return path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`)
}

function pathOf({ path }: Cookie): string {
  return path?.startsWith('/') ? path : '/'
}
