import { parseJson } from '../json.js'
/** Changes a body while it is streamed. */
export interface BodyRewriter {
  /** Rewrite a chunk of the body; returns what can already be sent. */
  write(chunk: Buffer): Buffer[]
  /** The rest of the body. */
  end(): Buffer[]
}

export interface LinkRules {
  /** Rewrites a `href` below `links`, and the members of `links` if that is an object. */
  readonly link: (url: string) => string
  /** Rewrites `next` and `first` of the document itself; null if those are no links. */
  readonly listLink: ((url: string) => string) | null
}

/** Deeper than any document with links. Nothing below this depth is rewritten. */
const MAX_DEPTH = 64
/** Longer than any name that the rewriter looks for. */
const MAX_NAME_BYTES = 64
/** Longer than any URL that clients can follow. */
const MAX_LINK_BYTES = 16 * 1024

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** The names of arrays and objects of links. User metadata contains no arrays or objects. */
const LINKS = /^(?:\w+_)?links$/
const LIST_LINKS = new Set(['next', 'first'])

/**
 * How the names above end, also if one of the last two letters is escaped (`\u0073` for `s`). Decoding every name
 * of a document would take as long as everything else.
 */
const NAME_ENDS: ReadonlySet<number> = new Set(
  ['ks', 'bs', 'Bs', '73', 'xt', '8t', 'st', '3t', '74', 'ef', '5f', '66'].map(end =>
    Buffer.from(end).readUInt16BE(),
  ),
)

/** Whether the name whose closing quote precedes `until` may be one of those above. */
function mayMatter(chunk: Buffer, until: number): boolean {
  return NAME_ENDS.has(((chunk[until - 3] ?? 0) << 8) | (chunk[until - 2] ?? 0))
}

/** An array or object that contains the current position. */
interface Level {
  readonly isObject: boolean
  /** `inLinks`: it is an array or object of links, or in one; `isLinks`: it is such an object itself. */
  readonly inLinks: boolean
  readonly isLinks: boolean
  /** Whether the next string is the name of a member. */
  expectsName: boolean
  /** Whether the next value is a link, or an array or object of links. */
  kind: 'link' | 'listLink' | 'links' | null
}

type Text = 'name' | 'link' | 'listLink' | 'other'

/**
 * Rewrite the links in a JSON document while it is streamed; every other byte stays unchanged. Time is
 * linear in its length. Memory is bounded for any document: it holds only the kinds of the open arrays
 * and objects, and the current name or link.
 */
export function createLinkRewriter({ link, listLink }: LinkRules): BodyRewriter {
  const levels: Level[] = []
  let tooDeep = 0
  let text: Text | null = null
  let isEscaped = false
  /** The part of the current name or link in earlier chunks, with its first quote. */
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
    if (name !== '' && LINKS.test(name)) return 'links'
    if (level.isLinks || (level.inLinks && name === 'href')) return 'link'
    return listLink !== null && levels.length === 1 && LIST_LINKS.has(name) ? 'listLink' : null
  }

  /** Rewrite a whole link with its quotes; null if it stays as it is. */
  function rewritten(quoted: string, kind: 'link' | 'listLink'): Buffer | null {
    const url = stringOf(quoted)
    if (url === null) return null
    const changed = kind === 'link' ? link(url) : (listLink?.(url) ?? url)
    return changed === url ? null : Buffer.from(JSON.stringify(changed))
  }

  return {
    write(chunk) {
      const out: Buffer[] = []
      /** What is before `from` is in `out` already; the current name or link begins at `textAt`. */
      let from = 0
      let textAt = 0

      function copyUntil(until: number): void {
        if (until > from) out.push(chunk.subarray(from, until))
        from = until
      }

      /** The current name or link, whole with its quotes; empty if it is too long for a link. */
      function whole(until: number): string {
        if (begunBytes + until - textAt > MAX_LINK_BYTES) return ''
        if (begunBytes === 0) return chunk.toString('utf8', textAt, until) // `subarray` would cost as much again
        return Buffer.concat([...begun, chunk.subarray(textAt, until)]).toString()
      }

      function endText(until: number): void {
        if (text === 'name') {
          // Of a name that began in an earlier chunk, this one may have fewer than two letters.
          const isSought = begunBytes > 0 || mayMatter(chunk, until)
          named(isSought ? (stringOf(whole(until)) ?? '') : '')
        } else if (text === 'link' || text === 'listLink') {
          const changed = rewritten(whole(until), text)
          if (changed === null) out.push(...begun)
          else {
            copyUntil(textAt)
            out.push(changed)
            from = until
          }
        }
        begun = []
        begunBytes = 0
        text = null
      }

      /** Keep the beginning of a name or link that continues in the next chunk, unless it is too long. */
      function keepText(): void {
        if (text === null || text === 'other') return
        const isLink = text !== 'name'
        if (isLink) copyUntil(textAt)
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
      copyUntil(chunk.length)
      return out
    },
    end() {
      const rest = text === 'link' || text === 'listLink' ? begun : []
      begun = []
      return rest
    },
  }
}

/** The index of the quote that ends the string at `from`; -1 if it is in a later chunk. */
function endOfText(chunk: Buffer, from: number, isEscaped: boolean): number {
  let index = isEscaped ? from + 1 : from
  while (index < chunk.length) {
    const byte = chunk[index]
    if (byte === QUOTE) return index
    index += byte === BACKSLASH ? 2 : 1
  }
  return -1
}

/** Whether a chunk that ends within a string ends with an escape. */
function endsEscaped(chunk: Buffer, from: number, isEscaped: boolean): boolean {
  let index = isEscaped ? from + 1 : from
  while (index < chunk.length) index += chunk[index] === BACKSLASH ? 2 : 1
  return index > chunk.length
}

/** Decode a string in JSON with its quotes; null if it is malformed. */
function stringOf(quoted: string): string | null {
  const text = parseJson(quoted)
  return typeof text === 'string' ? text : null
}

/** Rewrite a whole text. */
export function rewriteText(text: string, rewriter: BodyRewriter): string {
  const bytes = Buffer.from(text)
  return Buffer.concat([...rewriter.write(bytes), ...rewriter.end()]).toString()
}
