import { headerValues } from './raw-headers.js'
import { malformed, type ResponseHead } from './response-head.js'

/** Where the body of a response ends. */
export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'sized'; readonly length: number }
  | { readonly kind: 'chunked' }
  /** With the connection. */
  | { readonly kind: 'close' }

/** Fifteen digits are a petabyte, and exact in a number. */
const LENGTH = /^\d{1,15}$/

/**
 * Tell where the body of a response to such a request ends (RFC 9112 §6.3). A head that says it twice,
 * or in a way that somebody else could read otherwise, is refused.
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
  // The length that the body of a GET would have is allowed in both (RFC 9110 §8.6).
  if (method === 'HEAD' || status === 304) return { kind: 'none' }
  if (status < 200 || status === 204) return { kind: 'none' }
  if (codings.length > 0) {
    if (length !== undefined) throw malformed('it has Content-Length and Transfer-Encoding')
    if (minor === 0) throw malformed('it has Transfer-Encoding in HTTP/1.0')
    if (codings.length > 1 || codings[0]?.toLowerCase() !== 'chunked') {
      throw malformed('its Transfer-Encoding is not "chunked"') // we never ask for another: no TE
    }
    return { kind: 'chunked' }
  }
  return length === undefined ? { kind: 'close' } : { kind: 'sized', length: Number(length) }
}

/** Whether the server keeps the connection open after this response. HTTP/1.0 is not asked to. */
export function keepsConnection({ minor, headers }: ResponseHead): boolean {
  const options = headerValues(headers, 'connection').flatMap(value => value.split(','))
  return minor === 1 && !options.some(option => option.trim().toLowerCase() === 'close')
}

/** Seconds for which the server says that it keeps an idle connection; null where it does not say. */
export function keepAliveSeconds({ headers }: ResponseHead): number | null {
  const [value = ''] = headerValues(headers, 'keep-alive')
  const seconds = /(?:^|[,\s])timeout=(\d{1,6})(?:$|[,\s])/i.exec(value)?.[1]
  return seconds === undefined ? null : Number(seconds)
}
