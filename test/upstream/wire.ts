import { once } from 'node:events'
import {
  type ClientRequest,
  createServer,
  type IncomingMessage,
  type RequestListener,
  request,
  type Server,
} from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import type { ExecutionContext } from 'ava'
import { forward } from '../../src/upstream/forward.js'
import type { ForwardRequest, Outcome } from '../../src/upstream/forward-request.js'
import { createPools, type Pools } from '../../src/upstream/pools.js'
import { idp } from '../controls.js'

/** Servers, raw sockets and clients on 127.0.0.1, all closed at the end of the test. */

export async function startServer(t: ExecutionContext, listener: RequestListener): Promise<string> {
  return origin(t, createServer({ highWaterMark: 64 * 1024, keepAliveTimeout: 75_000 }, listener))
}

/** A raw TCP server, for responses that no HTTP server sends. */
export async function startSocket(
  t: ExecutionContext,
  onConnection: (socket: Socket) => void,
): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createTcpServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {}) // these tests cause resets
    onConnection(socket)
  })
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
  })
  await listening(t, server)
  return at(server.address())
}

export async function origin(t: ExecutionContext, server: Server): Promise<string> {
  t.teardown(() => server.closeAllConnections())
  await listening(t, server)
  return at(server.address())
}

export function openPools(t: ExecutionContext, connectTimeoutMs = 10_000): Pools {
  const trust = () => ({ cafile: null, insecure: false })
  const pools = createPools({ connectTimeoutMs, connections: null, trust })
  t.teardown(() => pools.destroy())
  return pools
}

/** A proxy that forwards every request to one origin, and reports how each exchange ended. */
export async function startForwarder(
  t: ExecutionContext,
  upstream: string,
  options: Partial<ForwardRequest> = {},
): Promise<{ url: string; next: () => Promise<Outcome | Error> }> {
  const pools = openPools(t)
  const outcomes: (Outcome | Error)[] = []
  const waiting: ((outcome: Outcome | Error) => void)[] = []
  const tell = (outcome: Outcome | Error) => {
    const waiter = waiting.shift()
    if (waiter) waiter(outcome)
    else outcomes.push(outcome)
  }
  const listener: RequestListener = (req, res) => {
    const method = req.method ?? ''
    const sized = req.headers['content-length']
    const hasBody = sized !== undefined || req.headers['transfer-encoding'] !== undefined
    forward({
      pool: pools.pool(idp, upstream),
      method,
      path: req.url ?? '',
      headers: sized === undefined ? [] : ['Content-Length', sized],
      body: hasBody ? 'stream' : null,
      req,
      res,
      planResponse: (_, headers) => ({ headers: endToEnd(headers), rewrite: null, observe: null }),
      timeouts: { connectTimeoutMs: 10_000, headersTimeoutMs: 30_000, idleTimeoutMs: 30_000 },
      what: () => 'the test',
      ...options,
    }).then(tell, (error: Error) => {
      tell(error)
      res.writeHead(599, { 'Content-Type': 'text/plain' }).end(error.message)
    })
  }
  const server = createServer({ highWaterMark: 64 * 1024, keepAliveTimeout: 75_000 }, listener)
  server.on('checkContinue', listener)
  const next = () => {
    const outcome = outcomes.shift()
    return outcome ? Promise.resolve(outcome) : new Promise<Outcome | Error>(r => waiting.push(r))
  }
  return { url: await origin(t, server), next }
}

/** Removes the headers of one connection, so that the forwarder's own server can frame the response. */
function endToEnd(headers: readonly string[]): string[] {
  const hop = /^(?:connection|keep-alive|transfer-encoding)$/i
  return headers.filter((_, index) => !hop.test(headers[index - (index % 2)] ?? ''))
}

export interface Answered {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly rawHeaders: readonly string[]
  readonly trailers: IncomingMessage['trailers']
  readonly body: Buffer
  /** false if the connection ended before the response was complete. */
  readonly complete: boolean
}

export function open(url: string, method = 'GET', headers: Record<string, string> = {}) {
  const sent = request(url, { method, headers, agent: false })
  sent.on('error', () => {}) // the test checks the result
  return sent
}

export async function answerTo(sent: ClientRequest): Promise<Answered> {
  const [response]: [IncomingMessage] = (await once(sent, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  response.on('data', chunk => chunks.push(chunk)).on('error', () => {})
  await new Promise(resolve => response.once('close', resolve))
  const { statusCode: status = 0, headers, rawHeaders, trailers, complete } = response
  return { status, headers, rawHeaders, trailers, body: Buffer.concat(chunks), complete }
}

export async function ask(
  url: string,
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: Record<string, string>; body?: Buffer | string } = {},
): Promise<Answered> {
  const sent = open(url, method, headers)
  sent.end(body)
  return answerTo(sent)
}

/** Send bytes that no HTTP client would send; returns what the server sends until it closes the connection. */
export async function say(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  socket.write(bytes, 'latin1')
  const chunks: Buffer[] = []
  socket.on('data', chunk => chunks.push(chunk))
  await new Promise(resolve => socket.once('close', resolve))
  return Buffer.concat(chunks).toString('latin1')
}

export async function bodyOf(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function listening(t: ExecutionContext, server: Server | ReturnType<typeof createTcpServer>) {
  t.teardown(() => server.close())
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
}

function at(address: string | AddressInfo | null): string {
  return `http://127.0.0.1:${(address as AddressInfo).port}`
}
