import { memoize } from '../memoize.js'
import { headerValue, headerValues } from './raw-headers.js'
import { malformed, type ResponseHead } from './response-head.js'

/** How the end of a response body is found. */
export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'sized'; readonly length: number }
  | { readonly kind: 'chunked' }
  /** The body ends when the connection closes. */
  | { readonly kind: 'close' }

/** Fifteen digits are up to a petabyte, which a number holds exactly. */
const LENGTH = /^\d{1,15}$/

/**
 * Find where the body of a response to such a request ends (RFC 9112 §6.3). A head that says it twice,
 * or in a way that another parser could read differently, is rejected.
 *
 * @throws MALFORMED_RESPONSE
 */
export function bodyFraming(method: string, { status, minor, headers }: ResponseHead): BodyFraming {
  const lengths = headerValues(headers, 'content-length')
  const codings = headerValues(headers, 'transfer-encoding')
  const [length] = lengths
  if (lengths.length > 1) throw malformed('it has more than one Content-Length')
  if (length !== undefined && !LENGTH.test(length)) {
    throw malformed('its Content-Length is not a number of bytes')
  }
  // Both may have the Content-Length of the response to a GET (RFC 9110 §8.6).
  if (method === 'HEAD' || status === 304) return { kind: 'none' }
  if (status < 200 || status === 204) return { kind: 'none' }
  if (codings.length > 0) {
    if (length !== undefined) throw malformed('it has Content-Length and Transfer-Encoding')
    if (minor === 0) throw malformed('it has Transfer-Encoding in HTTP/1.0')
    if (codings.length > 1 || codings[0]?.toLowerCase() !== 'chunked') {
      throw malformed('its Transfer-Encoding is not "chunked"') // the proxy never sends TE
    }
    return { kind: 'chunked' }
  }
  return length === undefined ? { kind: 'close' } : { kind: 'sized', length: Number(length) }
}

/** Whether the server keeps the connection open after this response. HTTP/1.0 counts as no. */
export function keepsConnection({ minor, headers }: ResponseHead): boolean {
  return minor === 1 && !headerValues(headers, 'connection').some(closesConnection)
}

const closesConnection = memoize(value =>
  value.split(',').some(option => option.trim().toLowerCase() === 'close'),
)

/** Seconds for which the server keeps an idle connection, as it says; null if it does not say. */
export function keepAliveSeconds({ headers }: ResponseHead): number | null {
  const value = headerValue(headers, 'keep-alive')
  return value === undefined ? null : timeoutIn(value)
}

const timeoutIn = memoize(value => {
  const seconds = /(?:^|[,\s])timeout=(\d{1,6})(?:$|[,\s])/i.exec(value)?.[1]
  return seconds === undefined ? null : Number(seconds)
})
