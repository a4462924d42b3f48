import type { IncomingMessage, ServerResponse } from 'node:http'
import { type FaultCode, MixmatchError } from '../errors.js'
import { awaitsContinue } from '../upstream/expect.js'
import { createWatch } from '../upstream/watch.js'

/** Cinder itself takes 114,688 bytes (oslo.middleware's sizelimit), so this is ample. */
export const MAX_READ_BYTES = 1024 * 1024

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i

/** Whether the request says that its body is JSON; only such a body is ever read. */
export function hasJsonType(req: IncomingMessage): boolean {
  return JSON_TYPE.test(req.headers['content-type'] ?? '')
}

/** The length that the request announces; null where it announces none, as chunked bodies do. */
export function announcedLength(req: IncomingMessage): number | null {
  const length = req.headers['content-length']
  return length === undefined ? null : Number(length)
}

export function hasBody(req: IncomingMessage): boolean {
  return req.headers['transfer-encoding'] !== undefined || (announcedLength(req) ?? 0) > 0
}

/**
 * Read a body whole, to route by it and then to send the same bytes on. A body that is refused is
 * left where it is, so that the client can still be told.
 *
 * @throws BODY_TOO_LARGE past `limit` bytes, REQUEST_TIMEOUT where nothing comes for `idleMs`,
 * BAD_REQUEST where the client breaks it off
 */
export function readBody(
  req: IncomingMessage,
  res: ServerResponse,
  { limit, idleMs }: { limit: number; idleMs: number },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const watch = createWatch(() =>
      fail('REQUEST_TIMEOUT', `Nothing more came of the request body in ${idleMs} ms.`),
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
      fail('BAD_REQUEST', 'The request body broke off.')
    }

    if (awaitsContinue(req)) res.writeContinue()
    watch.start(idleMs)
    req.on('data', onData).on('end', onEnd).on('close', onClose)
    if (req.destroyed) onClose()
  })
}

/** What to tell a client whose body is too long to be read, and cannot be routed unread. */
export function tooLargeMessage(limit: number): string {
  return `The body decides which cloud the request goes to, and it is longer than ${limit} bytes. Name the cloud in MM-SERVICE-PROVIDER, and the body is not read.`
}
