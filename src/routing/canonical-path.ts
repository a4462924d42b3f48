import { MixmatchError } from '../errors.js'
import { isUuid } from '../ids.js'
import { redactPath } from '../redaction.js'

/** UTF-8 that spells a character in more bytes than it needs. A lax decoder reads a dot or a slash in it. */
const OVERLONG =
  /%[cC][01]|%[eE]0%[89]|%[fF]0%8|[\u00c0\u00c1]|\u00e0[\u0080-\u009f]|\u00f0[\u0080-\u008f]/

/** Rules for the whole target with its query. Anything else could be read in two ways, or end a line. */
const targetRules = [
  [/^(?!\/)/, 'a path that begins with a slash'],
  [/[^!-~\u0080-\u00ff]/, 'no space and no control character'],
  [/#/, 'no fragment'],
] as const

const pathRules = [
  [/%(?![0-9a-f]{2})/i, 'two hexadecimal digits after each %'],
  [/%(?:[01][0-9a-f]|7f)/i, 'no encoded control character'],
  [/\\|%5c/i, 'no backslash'],
  [/%2f/i, 'no encoded slash'],
  [OVERLONG, 'UTF-8 in its shortest form'],
  [/^(?:\/[^/]*)?\/\//, 'no empty segment before the id'],
  [/\/(?:\.|%2e){1,2}(?:\/|$)/i, 'no dot segment'],
] as const

/** The characters of a segment that routing reads. Other characters can be encoded in two ways. */
const PLAIN = /^[\w:~-]+$/

/**
 * Reject a request target that an upstream, or a proxy in front of it, could read differently.
 *
 * @throws NON_CANONICAL_PATH
 */
export function rejectNonCanonical(target: string, path: string): void {
  for (const [pattern, expected] of targetRules) {
    if (pattern.test(target)) throw nonCanonical(expected, target)
  }
  for (const [pattern, expected] of pathRules) {
    if (pattern.test(path)) throw nonCanonical(expected, path)
  }
}

/**
 * Reject a project or collection that is empty or has other characters than those.
 *
 * @throws NON_CANONICAL_PATH
 */
export function requirePlainSegment(segment: string): void {
  if (!PLAIN.test(segment)) throw nonCanonical('letters, digits and hyphens as they are', segment)
}

/**
 * Reject a segment in the place of an id if an upstream may read it as another id or as a word of the
 * collection: after decoding it, or after dropping spaces or the suffix `.json`. Other names are accepted,
 * because clients also look resources up by name.
 *
 * @throws NON_CANONICAL_PATH
 */
export function rejectDisguisedId(segment: string, isWord: (text: string) => boolean): void {
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
