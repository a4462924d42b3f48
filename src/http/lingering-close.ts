import type { IncomingMessage, ServerResponse } from 'node:http'
import { awaitsContinue } from '../upstream/expect.js'

/** As nginx's lingering_time: long enough for a client that sends everything before it reads. */
const LINGER_MS = 30_000

/**
 * After an early response, discard the rest of the request body for a while and then close the
 * connection. If it were closed at once, a client that still sends would see a reset and never read
 * the response.
 */
export function closeLingering(req: IncomingMessage, res: ServerResponse): void {
  // A client that waits for 100 Continue and gets a response instead may send the body or not (RFC
  // 9110 §10.1.1). What comes next on this connection could be either, so the connection must end.
  if (awaitsContinue(req)) res.shouldKeepAlive = false
  res.once('finish', () => {
    if (req.complete || req.destroyed) return
    const { socket } = req
    const timer = setTimeout(() => socket.destroy(), LINGER_MS)
    timer.unref()
    req.once('end', () => clearTimeout(timer)).once('close', () => clearTimeout(timer))
    req.resume()
  })
}
