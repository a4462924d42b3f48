import { type JsonValue, parseJson } from '../json.js'

// In V8 since Node 21, but not yet in the types of TypeScript:
// https://github.com/tc39/proposal-json-parse-with-source
declare global {
  interface JSON {
    rawJSON(text: string): JsonValue
    parse(
      text: string,
      reviver: (key: string, value: JsonValue, context: { readonly source?: string }) => JsonValue,
    ): JsonValue
  }
}

/**
 * Parse JSON that Python's `json` module has written. An integer beyond 2^53 keeps all its digits, also in
 * `JSON.stringify`. NaN, Infinity and -Infinity are not valid JSON. They become texts.
 *
 * @returns undefined if the text cannot be parsed
 */
export function parsePythonJson(text: string): JsonValue | undefined {
  const value = parseExactly(text)
  return value === undefined && CONSTANT.test(text) ? parseExactly(quoteConstants(text)) : value
}

function parseExactly(text: string): JsonValue | undefined {
  if (!hasLongNumber(text)) return parseJson(text)
  try {
    return JSON.parse(text, keepDigits)
  } catch {
    return parseJson(text) // nested too deep for a reviver: long numbers lose digits
  }
}

function keepDigits(_key: string, value: JsonValue, { source }: { source?: string }): JsonValue {
  if (typeof value !== 'number' || source === undefined) return value
  return Number.isSafeInteger(value) ? value : JSON.rawJSON(source)
}

/** Numbers with fewer digits are exact. */
const LONG = 16

/**
 * Whether a text has 16 digits in a row. They contain every 16th character of the text, so only that is read
 * until it is a digit: a regular expression takes 7 µs for a notification, this takes half of one.
 */
function hasLongNumber(text: string): boolean {
  for (let at = LONG - 1; at < text.length; at += LONG) {
    if (!isDigit(text, at)) continue
    let start = at
    while (isDigit(text, start - 1)) start -= 1
    while (isDigit(text, at + 1)) at += 1
    if (at - start + 1 >= LONG) return true
  }
  return false
}

/** False outside of the text. */
function isDigit(text: string, index: number): boolean {
  const code = text.charCodeAt(index)
  return code >= 48 && code <= 57
}

const CONSTANT = /NaN|Infinity/

/**
 * A string, or a constant outside of strings. A string without an end also matches, so that no character is
 * read twice.
 */
const STRING_OR_CONSTANT = /"[^"\\]*(?:\\[\s\S]?[^"\\]*)*"?|-?Infinity|NaN/g

function quoteConstants(text: string): string {
  return text.replace(STRING_OR_CONSTANT, found => (found.startsWith('"') ? found : `"${found}"`))
}
