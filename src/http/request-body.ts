import type { IncomingMessage, ServerResponse } from 'node:http'
import { type FaultCode, MixmatchError } from '../errors.js'
import { createIdleTimer } from '../http-client/idle-timer.js'
import { isJsonType } from '../json.js'
import { awaitsContinue } from '../upstream/expect.js'

/** Cinder itself accepts 114,688 bytes (oslo.middleware's sizelimit). */
export const MAX_READ_BYTES = 1024 * 1024

/** Whether the body is JSON according to its Content-Type. The proxy reads no other bodies. */
export function hasJsonType(req: IncomingMessage): boolean {
  return isJsonType(req.headers['content-type'] ?? '')
}

/** The Content-Length; null if there is none, as with chunked bodies. */
export function announcedLength(req: IncomingMessage): number | null {
  const length = req.headers['content-length']
  return length === undefined ? null : Number(length)
}

export function hasBody(req: IncomingMessage): boolean {
  return req.headers['transfer-encoding'] !== undefined || (announcedLength(req) ?? 0) > 0
}

/**
 * Read a whole body. Routing needs it; then the same bytes are forwarded. If the body is rejected, the
 * rest of it stays unread, so that the client can still get a response.
 *
 * @throws BODY_TOO_LARGE above `limit` bytes, REQUEST_TIMEOUT if nothing comes for `idleMs`,
 * BAD_REQUEST if the client closes the connection
 */
export function readBody(
  req: IncomingMessage,
  res: ServerResponse,
  { limit, idleMs }: { limit: number; idleMs: number },
): Promise<Buffer> {
  if (!hasBody(req)) return Promise.resolve(Buffer.alloc(0)) // such a request emits no events
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const watch = createIdleTimer(() =>
      fail('REQUEST_TIMEOUT', `The client sent no more of the request body for ${idleMs} ms.`),
    )

    function fail(code: FaultCode, message: string): void {
      stop()
      reject(new MixmatchError(code, message))
    }

    function stop(): void {
      watch.stop()
      req.off('data', onData).off('end', onEnd).off('close', onClose).pause()
    }

    function onData(chunk: Buffer): void {
      watch.touch()
      length += chunk.length
      if (length > limit) fail('BODY_TOO_LARGE', tooLargeMessage(limit))
      else chunks.push(chunk)
    }

    function onEnd(): void {
      stop()
      resolve(Buffer.concat(chunks))
    }

    function onClose(): void {
      fail('BAD_REQUEST', 'The request body ended before it was complete.')
    }

    if (awaitsContinue(req)) res.writeContinue()
    watch.start(idleMs)
    req.on('data', onData).on('end', onEnd).on('close', onClose)
    if (req.destroyed) onClose()
  })
}

/** The message for a body that decides the cloud but is too long to read. */
export function tooLargeMessage(limit: number): string {
  return `The body decides which cloud the request goes to, and it is longer than ${limit} bytes. Name the cloud in MM-SERVICE-PROVIDER; then the body is forwarded unread.`
}
