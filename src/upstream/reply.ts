import type { ServerResponse } from 'node:http'
import { headerValue, type RawHeaders, withoutHeader } from '../http-client/raw-headers.js'

/** What the client is to get, from the first line of the upstream's answer on. */
export interface Answer {
  readonly headers: RawHeaders
  /**
   * For a body that has to be read as a text before the client gets it: what it becomes, the same
   * where nothing changes. A body too long to be held passes unread.
   */
  readonly read: ((text: string) => string) | null
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
}

/** A list of a thousand volumes with all their details is about half of this. */
const MAX_HELD_BYTES = 4 * 1024 * 1024
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
  let held: Buffer[] | null =
    answer.read && (length === null || length <= MAX_HELD_BYTES) ? [] : null
  let heldBytes = 0
  let sent = 0

  res.on('drain', () => {
    onSlow(false)
    source.resume()
  })
  if (held === null && (length === null || length > SMALL_BYTES)) {
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
      // As a text it goes out in one piece with the head; latin1 keeps every byte.
      if (chunk.length === length) return void res.end(chunk.toString('latin1'), 'latin1')
    }
    if (!res.write(chunk)) {
      source.pause()
      onSlow(true)
    }
  }

  function hold(chunks: Buffer[], chunk: Buffer): void {
    chunks.push(chunk)
    heldBytes += chunk.length
    if (heldBytes <= MAX_HELD_BYTES) return
    held = null // a chunked body that turns out too long to be read
    write(Buffer.concat(chunks))
  }

  function endRead(body: Buffer, read: (text: string) => string): void {
    const text = body.toString()
    const changed = read(text)
    // What is not valid UTF-8 comes back from a string as something else.
    const bytes = changed === text ? body : Buffer.from(changed)
    sent = bytes.length
    const headers = withoutHeader(answer.headers, 'content-length')
    writeHead([...headers, 'Content-Length', String(bytes.length)])
    res.end(bytes)
  }

  return {
    data(chunk) {
      if (held) hold(held, chunk)
      else write(chunk)
    },
    end(trailers) {
      if (res.writableEnded) return
      if (held && held.length > 0 && answer.read) return endRead(Buffer.concat(held), answer.read)
      if (!res.headersSent) writeHead(answer.headers)
      if (trailers.length > 0 && res.chunkedEncoding) res.addTrailers(pairs(trailers))
      res.end()
    },
    sent: () => sent,
  }
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
