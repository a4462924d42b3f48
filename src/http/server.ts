import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net'
import { RunningResponses } from './running-responses.js'
import { startListening } from './start-listening.js'

/** A listening server. */
export interface HttpServer {
  readonly address: AddressInfo
  /** Close each connection after its next response. New connections are still accepted. */
  endKeepAlive(): void
  /**
   * Accept no new connections, close idle ones and finish the running requests. Requests that run for
   * longer than `timeoutMs` are aborted.
   *
   * @returns the number of aborted requests
   */
  drain(timeoutMs: number): Promise<number>
}

/** A JWS token and a service token together can be longer than Node's limit of 16 KiB. */
const MAX_HEADER_BYTES = 64 * 1024
/** With Node's 64 KiB, large uploads have a third less throughput. */
const READ_BYTES = 256 * 1024
/** Load balancers keep idle connections for a shorter time, so they close them first. */
const KEEP_ALIVE_MS = 75_000
const HEADERS_TIMEOUT_MS = 60_000
/** No client needs more. Node reads on while requests wait, so their number must have a limit. */
const MAX_WAITING_REQUESTS = 100

/**
 * Serve HTTP without a limit on the duration of a request: an upload may take hours. The code that
 * reads a body has its own timeout.
 *
 * @throws CANNOT_LISTEN
 */
export async function listen(
  listener: RequestListener,
  { host, port }: { host: string; port: number },
): Promise<HttpServer> {
  const server = createServer({
    highWaterMark: READ_BYTES,
    maxHeaderSize: MAX_HEADER_BYTES,
    requestTimeout: 0,
    headersTimeout: HEADERS_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Without Content-Length and Transfer-Encoding, Node does not run through the life of an empty stream. Such
    // a request never emits `data`, `end` or `close`. Node 22 ignores this option.
    optimizeEmptyRequests: true,
  })
  // Node 22 silently drops headers above its limit; `request-check.ts` rejects the request instead.
  server.maxHeadersCount = 0
  const running = new RunningResponses()
  let keepsAlive = true
  let draining = false

  const waiting = new WeakMap<Socket, number>()

  /**
   * Serve the requests of one connection one after another, however many a client sends at once: with an
   * unsafe method they must not run in parallel (RFC 9112 §9.3.2). What follows a response that ends the
   * connection is never served. A connection with too many waiting requests is closed.
   */
  const serveInTurn: RequestListener = (req, res) => {
    // Node gives the connection to one response at a time.
    if (res.socket !== null) return serve(req, res)
    const { socket } = req
    const count = (waiting.get(socket) ?? 0) + 1
    if (count > MAX_WAITING_REQUESTS) return void socket.destroy()
    waiting.set(socket, count)
    res.once('socket', () => {
      waiting.set(socket, (waiting.get(socket) ?? 0) - 1)
      serve(req, res)
    })
  }
  const serve: RequestListener = (req, res) => {
    const remove = running.add(res)
    // Emitted once: `once` would only cost more.
    res.on('close', () => {
      remove()
      if (draining) closeIdleConnections()
    })
    if (!keepsAlive) res.shouldKeepAlive = false
    listener(req, res)
  }
  // 100 Continue is sent after the request has been routed, if its body is needed.
  server.on('request', serveInTurn).on('checkContinue', serveInTurn)
  await startListening(server, { host, port }, 'DEFAULT')

  /** Node takes a connection for idle when its response is ended, although the client may not have read it. */
  function closeIdleConnections(): void {
    for (const res of running) if (res.writableEnded) return // called again when it is sent
    server.closeIdleConnections()
  }

  function endKeepAlive(): void {
    keepsAlive = false
    for (const res of running) if (!res.headersSent) res.shouldKeepAlive = false
  }

  return {
    address: addressOf(server),
    endKeepAlive,
    async drain(timeoutMs) {
      endKeepAlive()
      draining = true
      // The method of http.Server would close the connections of ended responses, too.
      const closed = new Promise<void>(resolve =>
        NetServer.prototype.close.call(server, () => resolve()),
      )
      closeIdleConnections()
      let aborted = 0
      const timer = setTimeout(() => {
        aborted = running.size
        server.closeAllConnections()
      }, timeoutMs)
      await closed
      clearTimeout(timer)
      return aborted
    },
  }
}

function addressOf(server: Server): AddressInfo {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('no TCP server')
  return address
}
