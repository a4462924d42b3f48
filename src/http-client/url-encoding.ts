import { MixmatchError } from '../errors.js'

/**
 * The only place where text becomes a part of a URL that we send. So text from a client, a body or a
 * cloud can never become another path, another parameter or another line.
 */

/**
 * Text that a service would decode to another path: WSGI decodes `%2F` before it routes, and dot
 * segments are removed, encoded or not. A lone surrogate has no encoding.
 */
const AMBIGUOUS = /^\.{0,2}$|[/\\\p{Cc}\p{Cs}]/u

/** Whether the text can be one segment of a path. */
export function isPathSegment(text: string): boolean {
  return !AMBIGUOUS.test(text)
}

/**
 * One segment of a path: `a b` → `a%20b`.
 *
 * @throws BAD_REQUEST for a text that services could read as another path
 */
export function encodePathSegment(text: string): string {
  if (isPathSegment(text)) return encodeURIComponent(text)
  const message = `Expected a name that can stand in a path, got ${JSON.stringify(text.slice(0, 200))}.`
  throw new MixmatchError('BAD_REQUEST', message)
}

/** A query without its question mark. Parameters that are null are left out. */
export function encodeQuery(parameters: Readonly<Record<string, string | null>>): string {
  return Object.entries(parameters)
    .flatMap(([name, value]) =>
      value === null ? [] : [`${encodeQueryText(name)}=${encodeQueryText(value)}`],
    )
    .join('&')
}

function encodeQueryText(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}
