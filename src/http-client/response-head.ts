import { memoize } from '../memoize.js'
import { ClientError } from './client-error.js'
import type { RawHeaders } from './raw-headers.js'

/** The status line and the fields of a response, unchanged. */
export interface ResponseHead {
  readonly status: number
  /** The minor version: HTTP/1.0 or HTTP/1.1. */
  readonly minor: 0 | 1
  readonly headers: RawHeaders
}

/** Large, because tokens are long and Glance puts each property of an image into a header. */
export const MAX_HEAD_BYTES = 256 * 1024
/** A head with more fields is rejected; no field is dropped. */
const MAX_FIELDS = 1000

/** Services may omit the space if they send no reason (RFC 9112 §4). */
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [\t -~\x80-\xff]*)?$/
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/
/** The name of a field, always the same string: then look-ups need not compare texts. Empty if it is invalid. */
const fieldName = memoize(name => (TOKEN.test(name) ? name : ''))
const NOT_IN_VALUE = /[^\t -~\x80-\xff]/

/**
 * Parse a head without the empty line at its end. Text that two parsers could read differently is
 * rejected: line breaks other than CR LF, folded lines, spaces before a colon, control characters.
 *
 * @param text one character for each byte
 * @throws MALFORMED_RESPONSE
 */
export function parseResponseHead(text: string): ResponseHead {
  const [statusLine = '', ...fields] = text.split('\r\n')
  const [, minor, status] = STATUS_LINE.exec(statusLine) ?? []
  if (status === undefined) throw malformed('the first line is no status line of HTTP/1')
  return { status: Number(status), minor: minor === '0' ? 0 : 1, headers: parseFields(fields) }
}

/**
 * Parse the lines of fields, each without its line break.
 *
 * @throws MALFORMED_RESPONSE
 */
export function parseFields(lines: readonly string[]): RawHeaders {
  if (lines.length > MAX_FIELDS) throw malformed(`it has more than ${MAX_FIELDS} header fields`)
  const headers: string[] = []
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = fieldName(line.slice(0, Math.max(colon, 0)))
    if (name === '') throw malformed('a header field has no valid name')
    const value = withoutSpaceAround(line, colon + 1)
    if (NOT_IN_VALUE.test(value)) throw malformed(`the value of ${name} has a control character`)
    headers.push(name, value)
  }
  return headers
}

export function malformed(found: string): ClientError {
  return new ClientError('MALFORMED_RESPONSE', `the response is malformed: ${found}`)
}

/** A regular expression would take quadratic time for a value full of spaces. */
function withoutSpaceAround(line: string, from: number): string {
  let start = from
  let end = line.length
  while (start < end && isSpace(line.charCodeAt(start))) start += 1
  while (end > start && isSpace(line.charCodeAt(end - 1))) end -= 1
  return line.slice(start, end)
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09
}
