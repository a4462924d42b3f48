import { memoize } from '../memoize.js'

/**
 * Headers as on the wire: `[name, value, name, value, …]`. Names keep their case, repeated headers stay
 * separate, bytes are latin1.
 */
export type RawHeaders = readonly string[]

/** The first value of a header; `name` in lower case. */
export function headerValue(headers: RawHeaders, name: string): string | undefined {
  for (let index = 0; index < headers.length; index += 2) {
    if (isNamed(headers[index], name)) return headers[index + 1]
  }
  return undefined
}

/** Each value of a header; `name` in lower case. */
export function headerValues(headers: RawHeaders, name: string): string[] {
  const values: string[] = []
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (isNamed(headers[index], name)) values.push(headers[index + 1] ?? '')
  }
  return values
}

/**
 * The value of a header that is a list. Its lines are joined, because it may come in several (RFC 9110
 * §5.3). `name` in lower case; undefined if there is none.
 */
export function headerList(headers: RawHeaders, name: string): string | undefined {
  const values = headerValues(headers, name)
  return values.length === 0 ? undefined : values.join(', ')
}

/** The headers without one of them; `name` in lower case. */
export function withoutHeader(headers: RawHeaders, name: string): string[] {
  return headers.filter((_, index) => !isNamed(headers[index - (index % 2)], name))
}

/** Visit each field in order; `lower` is its name in lower case. */
export function eachHeader(
  headers: RawHeaders,
  visit: (name: string, value: string, lower: string) => void,
): void {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? ''
    visit(name, headers[index + 1] ?? '', lowerCase(name))
  }
}

const lowerCase = memoize(name => name.toLowerCase())

/** Names of another length are not converted, because the lengths of most names differ. */
function isNamed(field: string | undefined, name: string): boolean {
  return field?.length === name.length && lowerCase(field) === name
}
