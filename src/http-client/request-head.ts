import { memoize } from '../memoize.js'
import { ClientError } from './client-error.js'
import type { ClientRequest } from './exchange.js'
import type { RawHeaders } from './raw-headers.js'

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/
const TARGET = /^[!-~\x80-\xff]+$/
const NOT_IN_VALUE = /[^\t -~\x80-\xff]/
/** Requests with these methods send Content-Length: 0 if they have no body (RFC 9110 §8.6). */
const WITH_BODY = new Set(['POST', 'PUT', 'PATCH'])
/** Fields about the connection and the framing of the body. */
const FRAMING =
  /^(?:host|content-length|transfer-encoding|connection|keep-alive|upgrade|expect|te|trailer)$/i

const useOf = memoize(name =>
  FRAMING.test(name) ? 'framing' : TOKEN.test(name) ? 'sent' : 'invalid',
)

/** No body, a number of bytes, or chunks. */
type BodyLength = 'none' | 'chunked' | number

/** How the body of a request is framed. */
export function bodyLength(body: ClientRequest['body']): BodyLength {
  return body === null ? 'none' : (body.length ?? 'chunked')
}

/**
 * The request line and the fields, as latin1 text. This function adds the fields that frame the message
 * and leaves out those in `headers`.
 *
 * @param host `10.0.0.5:9292`
 * @throws INVALID_REQUEST for text that would become another line or another request
 */
export function formatRequestHead(
  { method, path, headers }: { method: string; path: string; headers: RawHeaders },
  host: string,
  body: BodyLength,
): string {
  if (!TOKEN.test(method)) throw invalid('its method is no token')
  if (!TARGET.test(path)) throw invalid('its path has a space or a control character')
  let head = `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n`
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? ''
    const value = headers[index + 1] ?? ''
    const use = useOf(name)
    if (use === 'framing') continue
    if (use === 'invalid') throw invalid('the name of a header is no token')
    if (NOT_IN_VALUE.test(value)) throw invalid(`the value of ${name} has a control character`)
    head += `${name}: ${value}\r\n`
  }
  return `${head}${framing(method, body)}\r\n`
}

function framing(method: string, body: BodyLength): string {
  if (body === 'chunked') return 'Transfer-Encoding: chunked\r\n'
  if (body !== 'none') return `Content-Length: ${body}\r\n`
  return WITH_BODY.has(method) ? 'Content-Length: 0\r\n' : ''
}

function invalid(found: string): ClientError {
  return new ClientError('INVALID_REQUEST', `the request cannot be sent: ${found}`)
}
