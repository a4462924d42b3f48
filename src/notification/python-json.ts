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

/** Numbers with fewer digits are exact. */
const LONG_NUMBER = /\d{16}/

function parseExactly(text: string): JsonValue | undefined {
  if (!LONG_NUMBER.test(text)) return parseJson(text)
  try {
    return JSON.parse(text, keepDigits)
  } catch {
    return parseJson(text) // nested too deep for a reviver: long numbers lose digits
  }
}

function keepDigits(_key: string, value: JsonValue, { source }: { source?: string }): JsonValue {
  if (typeof value !== 'number' || source === undefined) return value
  const isExact =
    Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value))
  return isExact ? value : JSON.rawJSON(source)
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
