import type { ServerResponse } from 'node:http'
import { headerValue, type RawHeaders, withoutHeader } from '../http-client/raw-headers.js'
import { type BodyWriter, openBodyWriter } from './body-writer.js'
import type { BodyRewriter } from './link-rewriter.js'

/** How the client gets the response of a cloud. */
export interface ResponsePlan {
  readonly headers: RawHeaders
  /** Creates the rewriter of the streamed body; null if the body stays unchanged. */
  readonly rewrite: (() => BodyRewriter) | null
  /**
   * Reads the body before the client gets any of it; the client waits for the promise. Not called for a
   * body that is too long for memory. Never rejects.
   */
  readonly observe: ((body: Buffer) => Promise<void>) | null
}

/** The source of the body; paused while the client is slower. */
interface BodySource {
  pause(): void
  resume(): void
}

/** The response to the client while it is sent. */
export interface ClientResponse {
  /** `release` is called when the chunk is written, if it was not copied before that. */
  data(chunk: Buffer, release: (() => void) | null): void
  end(trailers: RawHeaders): void
  /** Bytes of body written. */
  sent(): number
}

/** Larger bodies are not observed. Any response to a create is far smaller. */
const MAX_OBSERVED_BYTES = 4 * 1024 * 1024
/** Up to this size, the first chunk is usually the whole body. It is written together with the head. */
const SMALL_BYTES = 64 * 1024

/** Send a response to the client as fast as it reads. `onSlow` is called when a pause begins or ends. */
export function openClientResponse(
  res: ServerResponse,
  status: number,
  { headers: planned, rewrite, observe }: ResponsePlan,
  source: BodySource,
  onSlow: (paused: boolean) => void,
): ClientResponse {
  // Forbidden in a 204, also to HEAD; allowed in a 304 (RFC 9110 §8.6).
  const headers = status === 204 ? withoutHeader(planned, 'content-length') : planned
  const length = contentLength(headers)
  const maxHeld = observe ? MAX_OBSERVED_BYTES : rewrite ? SMALL_BYTES : 0
  /** The body so far, while none of it may be sent. */
  let held: Buffer[] | null = maxHeld > 0 && (length === null || length <= maxHeld) ? [] : null
  let heldBytes = 0
  const rewriter = rewrite?.()
  let sent = 0

  /** Only for bodies in several parts. */
  let body: BodyWriter | undefined
  if (held === null && (length === null || length > SMALL_BYTES)) {
    writeHead()
    res.flushHeaders()
  }

  function onDrain(): void {
    onSlow(false)
    source.resume()
  }

  function writeHead(newLength?: number): void {
    res.sendDate = headerValue(headers, 'date') === undefined
    if (rewriter === undefined && newLength === undefined)
      return void res.writeHead(status, [...headers])
    const unsized = withoutHeader(headers, 'content-length')
    const sized = newLength === undefined ? [] : ['Content-Length', String(newLength)]
    res.writeHead(status, [...unsized, ...sized])
  }

  function write(chunk: Buffer, release: (() => void) | null): void {
    sent += chunk.length
    if (!res.headersSent) {
      writeHead()
      // Node sends a string in one write with the head; latin1 keeps every byte.
      if (chunk.length === length && !rewriter)
        return void res.end(chunk.toString('latin1'), 'latin1')
    }
    body ??= openBodyWriter(res, onDrain)
    if (body.write(chunk, release)) return
    source.pause()
    onSlow(true)
  }

  function pass(chunk: Buffer, release: (() => void) | null): void {
    if (!rewriter) return void write(chunk, release)
    const pieces = rewriter.write(chunk)
    const [first, ...others] = pieces
    // Joined, because Node sends each piece as a chunk of its own, and a list has two links for each volume.
    if (first) write(others.length === 0 ? first : Buffer.concat(pieces), null)
  }

  function hold(chunks: Buffer[], chunk: Buffer): void {
    chunks.push(chunk)
    heldBytes += chunk.length
    if (heldBytes <= maxHeld) return
    held = null
    for (const each of chunks) pass(each, null)
  }

  async function endHeld(chunks: readonly Buffer[]): Promise<void> {
    const body = Buffer.concat(chunks)
    if (observe) await observe(body)
    if (res.destroyed) return
    const changed = rewriter ? Buffer.concat([...rewriter.write(body), ...rewriter.end()]) : body
    sent = changed.length
    writeHead(body.length > 0 ? changed.length : undefined)
    res.end(changed)
  }

  return {
    data(chunk, release) {
      if (held) hold(held, chunk)
      else pass(chunk, release)
    },
    end(trailers) {
      if (res.writableEnded) return
      if (held) return void endHeld(held).catch(() => res.destroy())
      for (const piece of rewriter?.end() ?? []) write(piece, null)
      if (!res.headersSent) writeHead()
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
