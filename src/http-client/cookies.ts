import { type Cookie, parseCookie } from 'undici'

/** Where cookies come from, where they go, and when (milliseconds since 1970). */
interface CookieUse {
  readonly from: string
  readonly to: string
  readonly nowMs: number
}

/**
 * The value of the Cookie header for the cookies that a response set, as RFC 6265 §5.3 and §5.4 have
 * it: of a cookie that is set twice the last counts, and one that has expired, or is not for that
 * path or an unencrypted connection, is not sent.
 *
 * More is sent than a browser would send: both URLs are of one cloud, whatever their hosts are
 * called, and a cookie without a path is for all of it.
 *
 * @param setCookies the values of the Set-Cookie headers, in their order
 * @returns an empty text where there is nothing to send
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
