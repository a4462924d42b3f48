import type { IncomingMessage, ServerResponse } from 'node:http'
import { awaitsContinue } from '../upstream/expect.js'

/** As nginx does (lingering_time): long enough for a client that reads nothing before all is sent. */
const LINGER_MS = 30_000

/**
 * Let a request that was answered before its body was read come to its end. A client that still
 * sends would otherwise find its connection reset, and never read the answer. The rest of the body is
 * thrown away for a while; one that goes on for longer is cut off.
 */
export function closeLingering(req: IncomingMessage, res: ServerResponse): void {
  // Whoever waits for 100 Continue and gets an answer instead may send the body or not (RFC 9110
  // §10.1.1): what comes next on this connection could be either, so nothing may come next.
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
