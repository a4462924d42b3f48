/** A JSON object, and the items of one of its arrays as texts. */
interface SplitArray {
  readonly items: readonly string[]
  /** The object with an empty array. */
  readonly rest: string
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
 * Split an array in a JSON object into the texts of its items, so that memory does not hold thousands
 * of objects. The texts may be malformed JSON; that is found when they are parsed.
 *
 * @returns null if the text is not an object with such an array
 */
export function splitArray(text: string, member: string): SplitArray | null {
  const begin = findArray(text, member)
  if (begin === null) return null
  const items: string[] = []
  let depth = 0
  let from = begin
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
        if (depth > 0) break
        items.push(text.slice(from, at))
        from = at + 1
        break
      case CLOSE_ARRAY:
        if (depth > 0) {
          depth -= 1
          break
        }
        if (text.slice(from, at).trim() !== '') items.push(text.slice(from, at))
        return { items, rest: text.slice(0, begin) + text.slice(at) }
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
