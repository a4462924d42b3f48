import { type JsonValue, parseJson } from '../json.js'

// What V8 has had since Node 21 and TypeScript's library does not know yet:
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
 * Read JSON as Python's `json` module writes it. An integer beyond 2^53 keeps all its digits, also
 * when it is written again with `JSON.stringify`. NaN, Infinity and -Infinity, which JSON has not,
 * become texts of that spelling.
 *
 * @returns undefined where the text is neither JSON nor Python's
 */
export function parsePythonJson(text: string): JsonValue | undefined {
  const value = parseExactly(text)
  return value === undefined && CONSTANT.test(text) ? parseExactly(quoteConstants(text)) : value
}

/** A number with fewer digits is exact. */
const LONG_NUMBER = /\d{16}/

function parseExactly(text: string): JsonValue | undefined {
  if (!LONG_NUMBER.test(text)) return parseJson(text)
  try {
    return JSON.parse(text, keepDigits)
  } catch {
    return parseJson(text) // nested too deep for a reviver: digits matter less than the rest
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
 * A string, or one of the constants outside of any. The string's part matches whatever follows a
 * quote, closed or not, so that no character is looked at twice.
 */
const STRING_OR_CONSTANT = /"[^"\\]*(?:\\[\s\S]?[^"\\]*)*"?|-?Infinity|NaN/g

function quoteConstants(text: string): string {
  return text.replace(STRING_OR_CONSTANT, found => (found.startsWith('"') ? found : `"${found}"`))
}
