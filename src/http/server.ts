import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MixmatchError } from '../errors.js'

/** A server that listens. */
export interface HttpServer {
  readonly address: AddressInfo
  /** From now on every answer is the last on its connection; new connections are still taken. */
  retire(): void
  /**
   * Stop in good order: no new connections, idle ones closed, running requests finished and their
   * connections with them. What is not finished after `timeoutMs` is cut off.
   *
   * @returns how many requests were cut off
   */
  drain(timeoutMs: number): Promise<number>
}

/** Tokens in JWS form, and service tokens beside them, go past Node's 16 KiB. */
const MAX_HEADER_BYTES = 64 * 1024
/** Node's 64 KiB costs a third of the throughput of large uploads. */
const READ_BYTES = 256 * 1024
/** Longer than load balancers keep theirs, so that it is they who close idle connections. */
const KEEP_ALIVE_MS = 75_000
const HEADERS_TIMEOUT_MS = 60_000

/** Serve HTTP for bodies that may take hours: their pace is watched while they are forwarded. */
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
  })
  // Node 22 drops what is over its limit without a word; `request-check.ts` rejects the request.
  server.maxHeadersCount = 0
  const running = new Set<ServerResponse>()
  let retired = false
  let draining = false

  const serve: RequestListener = (req, res) => {
    running.add(res)
    res.once('close', () => {
      running.delete(res)
      if (draining) server.closeIdleConnections()
    })
    if (retired) res.shouldKeepAlive = false
    listener(req, res)
  }
  // Whether to let the client go on is known when the request has been routed.
  server.on('request', serve).on('checkContinue', serve)
  await listening(server, host, port)

  function retire(): void {
    retired = true
    for (const res of running) if (!res.headersSent) res.shouldKeepAlive = false
  }

  return {
    address: addressOf(server),
    retire,
    async drain(timeoutMs) {
      retire()
      draining = true
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      let cut = 0
      const timer = setTimeout(() => {
        cut = running.size
        server.closeAllConnections()
      }, timeoutMs)
      await closed
      clearTimeout(timer)
      return cut
    },
  }
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: Error) => reject(cannotListen(cause, host, port))
    server.once('error', refuse)
    server.listen(port, host, () => {
      server.off('error', refuse)
      resolve()
    })
  })
}

function cannotListen(cause: NodeJS.ErrnoException, host: string, port: number): Error {
  const why = cause.code === 'EADDRINUSE' ? 'another process listens there' : cause.message
  const advice = 'Give it another address in [DEFAULT] host and port, or stop what is there.'
  return new MixmatchError('CANNOT_LISTEN', `${host}:${port}: ${why}. ${advice}`, { cause })
}

function addressOf(server: Server): AddressInfo {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('no TCP server')
  return address
}
