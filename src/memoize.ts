import { parseJson } from './json.js'

/** Enough for the texts that repeat: header names, addresses, endpoints. */
const CAPACITY = 1000
/** A longer text is none that repeats. */
const MAX_LENGTH = 256

/**
 * Remember the results of a pure function of a text. Memory is limited: a full memo is emptied, and
 * the results for long texts are not remembered.
 */
export function memoize<Result>(
  make: (text: string) => Result,
  capacity = CAPACITY,
): (text: string) => Result {
  const results = new Map<string, Result>()
  return text => {
    const known = results.get(text)
    if (known !== undefined) return known
    if (text.length > MAX_LENGTH) return make(text)
    const own = copyOf(text)
    const made = make(own)
    if (results.size >= capacity) results.clear()
    results.set(own, made)
    return made
  }
}

/** For V8, a text that was cut out of a longer one keeps the whole of that in memory. */
function copyOf(text: string): string {
  return String(parseJson(JSON.stringify(text)))
}
