import { parseJson } from '../json.js'
/** Changes a body on its way. */
export interface BodyRewriter {
  /** What can go on for a piece of the body: pieces of it, unless something changed. */
  write(chunk: Buffer): Buffer[]
  /** What is left. */
  end(): Buffer[]
}

export interface LinkRules {
  /** What becomes of a `href` below `links`, and of a member of `links` where that is an object. */
  readonly link: (url: string) => string
  /** What becomes of `next` and `first` of the document itself; null where those are no links. */
  readonly listLink: ((url: string) => string) | null
}

/** Deeper than any document with links in it. Below, nothing is looked at. */
const MAX_DEPTH = 64
/** Longer than any name that matters here. */
const MAX_NAME_BYTES = 64
/** Longer than any URL that clients could follow. */
const MAX_LINK_BYTES = 16 * 1024

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** Arrays and objects by these names hold links: the metadata that users make holds neither. */
const LINKS = /^(?:\w+_)?links$/
const LIST_LINKS = new Set(['next', 'first'])

/** An array or object that is open at this point of the document. */
interface Level {
  readonly isObject: boolean
  /** Whether it is in an array or object of links, and whether it is that object itself. */
  readonly inLinks: boolean
  readonly isLinks: boolean
  /** Whether the next string of an object is a name. */
  expectsName: boolean
  /** Of the value that follows the name: whether it is a link, or holds some. */
  kind: 'link' | 'listLink' | 'links' | null
}

type Text = 'name' | 'link' | 'listLink' | 'other'

/**
 * Rewrite the links in a JSON document as it passes, every other byte as it was. Time is linear in
 * its length and memory bounded, whatever the document: of it only the kinds of the open arrays and
 * objects are kept, and the one name or link that is just passing.
 */
export function createLinkRewriter({ link, listLink }: LinkRules): BodyRewriter {
  const levels: Level[] = []
  let tooDeep = 0
  let text: Text | null = null
  let isEscaped = false
  /** Of the name or link that is passing, with its first quote: what earlier chunks had of it. */
  let begun: Buffer[] = []
  let begunBytes = 0

  function open(isObject: boolean): void {
    if (levels.length >= MAX_DEPTH) {
      tooDeep += 1
      return
    }
    const outer = levels.at(-1)
    const isLinks = outer?.kind === 'links'
    levels.push({
      isObject,
      inLinks: isLinks || (outer?.inLinks ?? false),
      isLinks: isLinks && isObject,
      expectsName: isObject,
      kind: null,
    })
  }

  function close(): void {
    if (tooDeep > 0) tooDeep -= 1
    else levels.pop()
  }

  function kindOfText(): Text {
    const level = tooDeep > 0 ? undefined : levels.at(-1)
    if (!level?.isObject) return 'other'
    if (level.expectsName) return 'name'
    return level.kind === 'link' || level.kind === 'listLink' ? level.kind : 'other'
  }

  function named(name: string): void {
    const level = levels.at(-1)
    if (!level) return
    level.expectsName = false
    level.kind = kindAfter(name, level)
  }

  function kindAfter(name: string, level: Level): Level['kind'] {
    if (LINKS.test(name)) return 'links'
    if (level.isLinks || (level.inLinks && name === 'href')) return 'link'
    return listLink !== null && levels.length === 1 && LIST_LINKS.has(name) ? 'listLink' : null
  }

  /** What a whole link, with its quotes, becomes. */
  function rewritten(quoted: Buffer, kind: 'link' | 'listLink'): Buffer {
    const url = stringOf(quoted)
    if (url === null) return quoted
    const changed = kind === 'link' ? link(url) : (listLink?.(url) ?? url)
    return changed === url ? quoted : Buffer.from(JSON.stringify(changed))
  }

  return {
    write(chunk) {
      const out: Buffer[] = []
      /** From where on nothing of the chunk has gone on yet; the passing text begins at `textAt`. */
      let from = 0
      let textAt = 0

      function goOn(until: number): void {
        if (until > from) out.push(chunk.subarray(from, until))
        from = until
      }

      /** The passing text, up to here in the chunk. */
      function take(until: number): Buffer {
        const piece = chunk.subarray(textAt, until)
        const whole = begun.length === 0 ? piece : Buffer.concat([...begun, piece])
        begun = []
        begunBytes = 0
        return whole
      }

      function endText(until: number): void {
        if (text === 'name') named(stringOf(take(until)) ?? '')
        else if (text === 'link' || text === 'listLink') {
          goOn(textAt)
          out.push(rewritten(take(until), text))
          from = until
        }
        text = null
      }

      /** A name or link that goes on in the next chunk; one that is too long is let pass. */
      function keepText(): void {
        if (text === null || text === 'other') return
        const isLink = text !== 'name'
        if (isLink) goOn(textAt)
        begun.push(Buffer.from(chunk.subarray(textAt)))
        begunBytes += chunk.length - textAt
        if (isLink) from = chunk.length
        if (begunBytes <= (isLink ? MAX_LINK_BYTES : MAX_NAME_BYTES)) return
        if (isLink) out.push(...begun)
        else named('')
        begun = []
        begunBytes = 0
        text = 'other'
      }

      let index = 0
      while (index < chunk.length) {
        if (text !== null) {
          const end = endOfText(chunk, index, isEscaped)
          isEscaped = end < 0 && endsEscaped(chunk, index, isEscaped)
          if (end < 0) break
          index = end + 1
          endText(index)
          continue
        }
        const byte = chunk[index]
        if (byte === QUOTE) {
          text = kindOfText()
          textAt = index
        } else if (byte === COMMA) {
          const level = tooDeep > 0 ? undefined : levels.at(-1)
          if (level) level.expectsName = level.isObject
        } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) open(byte === OPEN_OBJECT)
        else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) close()
        index += 1
      }
      keepText()
      goOn(chunk.length)
      return out
    },
    end() {
      const rest = text === 'link' || text === 'listLink' ? begun : []
      begun = []
      return rest
    },
  }
}

/** Where the quote is that ends the string in which `from` is; -1 where it is in a later chunk. */
function endOfText(chunk: Buffer, from: number, isEscaped: boolean): number {
  let index = isEscaped ? from + 1 : from
  while (index < chunk.length) {
    const byte = chunk[index]
    if (byte === QUOTE) return index
    index += byte === BACKSLASH ? 2 : 1
  }
  return -1
}

/** Whether the byte after a chunk that ends within a string is escaped. */
function endsEscaped(chunk: Buffer, from: number, isEscaped: boolean): boolean {
  let index = isEscaped ? from + 1 : from
  while (index < chunk.length) index += chunk[index] === BACKSLASH ? 2 : 1
  return index > chunk.length
}

/** What a string in JSON, with its quotes, spells; null where it is none, or too long for a link. */
function stringOf(quoted: Buffer): string | null {
  if (quoted.length > MAX_LINK_BYTES) return null
  const text = parseJson(quoted.toString())
  return typeof text === 'string' ? text : null
}

/** A text that is there as a whole, changed by a rewriter. */
export function rewriteText(text: string, rewriter: BodyRewriter): string {
  const bytes = Buffer.from(text)
  return Buffer.concat([...rewriter.write(bytes), ...rewriter.end()]).toString()
}
