import type { IncomingMessage, ServerResponse } from 'node:http'
import { awaitsContinue } from '../upstream/expect.js'
import { hasBody } from './request-body.js'

/** Like nginx's lingering_time: long enough for a client that sends everything before it reads. */
const LINGER_MS = 30_000

/**
 * After an early response, read and discard the request body for a while, then close the connection.
 * If the proxy closed it at once, a client that is still sending would get a reset and never read the
 * response.
 */
export function closeLingering(req: IncomingMessage, res: ServerResponse): void {
  // A client that waits for 100 Continue and gets a response instead may still send the body (RFC
  // 9110 §10.1.1). The next bytes could be that body or a new request, so the connection must end.
  if (awaitsContinue(req)) res.shouldKeepAlive = false
  if (!hasBody(req)) return
  res.once('finish', () => {
    if (req.complete || req.destroyed) return
    const { socket } = req
    const timer = setTimeout(() => socket.destroy(), LINGER_MS)
    timer.unref()
    req.once('end', () => clearTimeout(timer)).once('close', () => clearTimeout(timer))
    req.resume()
  })
}
