import { MixmatchError } from '../errors.js'
import { isUuid } from '../ids.js'
import { redactPath } from '../redaction.js'

/** What no target may hold anywhere, the query included: each could be read in two ways, or ends a line. */
const inTarget = [
  [/^(?!\/)/, 'a path that begins with a slash'],
  [/[^!-~\u0080-\u00ff]/, 'no space and no control character'],
  [/#/, 'no fragment'],
] as const

const inPath = [
  [/%(?![0-9a-f]{2})/i, 'two hexadecimal digits after each %'],
  [/%(?:[01][0-9a-f]|7f)/i, 'no encoded control character'],
  [/\\|%5c/i, 'no backslash'],
  [/%2f/i, 'no encoded slash'],
  [/^(?:\/[^/]*)?\/\//, 'no empty segment before the id'],
  [/\/(?:\.|%2e){1,2}(?:\/|$)/i, 'no dot segment'],
] as const

/** Of a segment that routing reads: with any other character it could be spelled in two ways. */
const PLAIN = /^[\w:~-]+$/

/**
 * Refuse a request target that an upstream, or something in front of it, could read otherwise.
 *
 * @throws NON_CANONICAL_PATH
 */
export function rejectNonCanonical(target: string, path: string): void {
  for (const [pattern, expected] of inTarget) {
    if (pattern.test(target)) throw nonCanonical(expected, target)
  }
  for (const [pattern, expected] of inPath) {
    if (pattern.test(path)) throw nonCanonical(expected, path)
  }
}

/**
 * Refuse a project or collection that is empty or not spelled plainly.
 *
 * @throws NON_CANONICAL_PATH
 */
export function requirePlainSegment(segment: string): void {
  if (segment === '') throw nonCanonical('no empty segment before the id', '//')
  if (!PLAIN.test(segment)) throw nonCanonical('letters, digits and hyphens as they are', segment)
}

/**
 * Refuse what stands in place of an id and is none as it is written, but becomes an id or a word of
 * the collection once the upstream has decoded it, dropped spaces or Cinder's format suffix `.json`.
 * Other names pass: clients look by name first.
 *
 * @throws NON_CANONICAL_PATH
 */
export function rejectDisguisedId(segment: string, isWord: (text: string) => boolean): void {
  if (isUuid(segment)) return
  if (segment === '') throw nonCanonical('no empty segment before the id', '//')
  const read = decoded(segment)
    .trim()
    .replace(/\.json$/, '')
  if (read !== segment && (isUuid(read) || isWord(read))) {
    throw nonCanonical(`"${redactPath(read)}" as it is`, segment)
  }
}

function decoded(segment: string): string {
  return segment.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

function nonCanonical(expected: string, found: string): MixmatchError {
  return new MixmatchError(
    'NON_CANONICAL_PATH',
    `The request path: expected ${expected}, got ${JSON.stringify(redactPath(found).slice(0, 200))}.`,
  )
}
