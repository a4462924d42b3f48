import { type JsonValue, parseJson } from '../../json.js'

/** The items of an array in a JSON object. */
interface ItemsOfArray<Item> {
  readonly items: readonly Item[]
  /** The object with an empty array. */
  readonly rest: string
}

/** Makes an item of its text and its value, which is undefined if the text is malformed; null leaves it out. */
type ReadItem<Item> = (text: string, value: JsonValue | undefined) => Item | null

/** The items that were read, and the index of the bracket that closes their array. */
interface ReadItems<Item> {
  readonly items: readonly Item[]
  readonly end: number
}

/** ASCII codes: comparing numbers is several times as fast as comparing letters. */
const QUOTE = 0x22
const COMMA = 0x2c
const OPEN_ARRAY = 0x5b
const BACKSLASH = 0x5c
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/**
 * Read the items of an array in a JSON object one by one, so that memory does not hold thousands of objects.
 *
 * @returns null if the text is not an object with such an array. Besides the items, the text may be malformed.
 */
export function readArray<Item>(
  text: string,
  member: string,
  read: ReadItem<Item>,
): ItemsOfArray<Item> | null {
  const begin = findArray(text, member)
  if (begin === null) return null
  const found = readByBraces(text, begin, read) ?? readByTokens(text, begin, read)
  return found && { items: found.items, rest: text.slice(0, begin) + text.slice(found.end) }
}

/**
 * Read objects that end where as many braces were closed as opened. `indexOf` finds braces ten times as fast as a
 * tokenizer does. It is wrong where strings have braces, but then some item is malformed: if all are well-formed,
 * and only commas are between them, no other division of the array is possible.
 *
 * @returns null if the items must be found in another way
 */
function readByBraces<Item>(
  text: string,
  begin: number,
  read: ReadItem<Item>,
): ReadItems<Item> | null {
  const separator = /[ \t\r\n]*([,\]])/y
  const items: Item[] = []
  let depth = 0
  let from = begin
  let open = text.indexOf('{', begin)
  for (let close = text.indexOf('}', begin); close >= 0; close = text.indexOf('}', close + 1)) {
    for (; open >= 0 && open < close; open = text.indexOf('{', open + 1)) depth += 1
    depth -= 1
    if (depth > 0) continue
    const json = text.slice(from, close + 1)
    const value = parseJson(json)
    if (value === undefined) return null
    const item = read(json, value)
    if (item !== null) items.push(item)
    separator.lastIndex = close + 1
    const next = separator.exec(text)?.[1]
    if (next === undefined) return null
    from = separator.lastIndex
    if (next === ']') return { items, end: from - 1 }
  }
  return null
}

/** Read values of any kind, of which some may be malformed. */
function readByTokens<Item>(
  text: string,
  begin: number,
  read: ReadItem<Item>,
): ReadItems<Item> | null {
  const items: Item[] = []
  let depth = 0
  let from = begin

  function take(until: number): void {
    const json = text.slice(from, until)
    const item = read(json, parseJson(json))
    if (item !== null) items.push(item)
    from = until + 1
  }

  for (let at = begin; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at)
        break
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        depth += 1
        break
      case CLOSE_OBJECT:
        depth -= 1
        break
      case COMMA:
        if (depth <= 0) take(at)
        break
      case CLOSE_ARRAY:
        if (depth > 0) {
          depth -= 1
          break
        }
        if (text.slice(from, at).trim() !== '') take(at)
        return { items, end: at }
    }
  }
  return null
}

/** The index after the bracket that opens the array. */
function findArray(text: string, member: string): number | null {
  const opens = /\s*:\s*\[/y
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = endOfString(text, at)
        opens.lastIndex = end + 1
        if (depth === 1 && text.slice(at + 1, end) === member && opens.test(text)) {
          return opens.lastIndex
        }
        at = end
        break
      }
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        depth += 1
        break
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        depth -= 1
        break
    }
  }
  return null
}

/**
 * The index of the quotation mark that closes a string; past the end if there is none. `indexOf` skips the
 * letters of a string more than twice as fast as a loop.
 */
function endOfString(text: string, begin: number): number {
  for (let from = begin + 1; ; ) {
    const quote = text.indexOf('"', from)
    if (quote < 0) return text.length
    let run = quote
    while (run > from && text.charCodeAt(run - 1) === BACKSLASH) run -= 1
    const isEscaped = (quote - run) % 2 === 1
    if (!isEscaped) return quote
    from = quote + 1
  }
}
