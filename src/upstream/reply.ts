import type { ServerResponse } from 'node:http'
import { headerValue, type RawHeaders, withoutHeader } from './headers.js'

/** What the client is to get, from the first line of the upstream's answer on. */
export interface Answer {
  readonly headers: RawHeaders
  /** Keep a copy of the body as it came, unless it is longer than this; 0 for none. */
  readonly keepBytes: number
  /** What the body becomes, where it is a text that is short enough to be held: else it passes as is. */
  readonly rewrite: ((text: string) => string) | null
}

/** Where the body comes from: stopped when the client is slower. */
export interface Source {
  pause(): void
  resume(): void
}

/** An answer on its way to the client. */
export interface Reply {
  data(chunk: Buffer): void
  end(trailers: RawHeaders): void
  /** Bytes of body written. */
  sent(): number
  /** The copy that was asked for; null where there is none or it grew too long. */
  kept(): Buffer | null
}

/** A list of a thousand volumes with all their details is about half of this. */
const MAX_REWRITTEN_BYTES = 4 * 1024 * 1024
/** Below this the first chunk is as a rule the whole body, and goes out in one write with the head. */
const SMALL_BYTES = 64 * 1024

/** Pass an answer to the client as fast as it takes it; `onSlow` tells of every pause, and its end. */
export function openReply(
  res: ServerResponse,
  status: number,
  answer: Answer,
  source: Source,
  onSlow: (paused: boolean) => void,
): Reply {
  const length = contentLength(answer.headers)
  let holding = answer.rewrite !== null && !(length !== null && length > MAX_REWRITTEN_BYTES)
  const held = createCopy(MAX_REWRITTEN_BYTES)
  const copy = createCopy(answer.keepBytes)
  let sent = 0

  res.on('drain', () => {
    onSlow(false)
    source.resume()
  })
  if (!holding && (length === null || length > SMALL_BYTES)) {
    writeHead(answer.headers)
    res.flushHeaders()
  }

  function writeHead(headers: RawHeaders): void {
    res.sendDate = headerValue(headers, 'date') === undefined
    res.writeHead(status, [...headers])
  }

  function write(chunk: Buffer): void {
    sent += chunk.length
    if (!res.headersSent) {
      writeHead(answer.headers)
      if (chunk.length === length) return void res.end(chunk)
    }
    if (!res.write(chunk)) {
      source.pause()
      onSlow(true)
    }
  }

  /** What was held to be rewritten is too long for that after all. */
  function release(chunks: readonly Buffer[], chunk: Buffer): void {
    holding = false
    write(Buffer.concat([...chunks, chunk]))
  }

  function endRewritten(rewrite: (text: string) => string, chunks: readonly Buffer[]): void {
    const body = Buffer.from(rewrite(Buffer.concat(chunks).toString()))
    sent = body.length
    const headers = withoutHeader(answer.headers, 'content-length')
    writeHead([...headers, 'Content-Length', String(body.length)])
    res.end(body)
  }

  return {
    data(chunk) {
      copy.add(chunk)
      if (!holding) return write(chunk)
      const before = held.chunks()
      if (!held.add(chunk)) release(before ?? [], chunk)
    },
    end(trailers) {
      if (res.writableEnded) return
      const chunks = held.chunks()
      if (holding && answer.rewrite && chunks && chunks.length > 0) {
        return endRewritten(answer.rewrite, chunks)
      }
      if (!res.headersSent) writeHead(answer.headers)
      if (trailers.length > 0 && res.chunkedEncoding) res.addTrailers(pairs(trailers))
      res.end()
    },
    sent: () => sent,
    kept: () => (answer.keepBytes > 0 ? concat(copy.chunks()) : null),
  }
}

interface Copy {
  /** Whether everything so far still fits. */
  add(chunk: Buffer): boolean
  /** null once it did not fit. */
  chunks(): readonly Buffer[] | null
}

function createCopy(limit: number): Copy {
  let chunks: Buffer[] | null = []
  let size = 0
  return {
    add(chunk) {
      size += chunk.length
      if (size > limit) chunks = null
      else chunks?.push(chunk)
      return chunks !== null
    },
    chunks: () => chunks,
  }
}

function concat(chunks: readonly Buffer[] | null): Buffer | null {
  return chunks === null ? null : Buffer.concat(chunks)
}

function contentLength(headers: RawHeaders): number | null {
  const value = headerValue(headers, 'content-length')
  return value === undefined ? null : Number(value)
}

function pairs(headers: RawHeaders): [string, string][] {
  return headers.flatMap((name, index) =>
    index % 2 === 0 ? [[name, headers[index + 1] ?? '']] : [],
  )
}
