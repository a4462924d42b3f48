import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { createServer as createTlsServer } from 'node:tls'
import test, { type ExecutionContext } from 'ava'
import { codeOf } from '../../src/http-client/client-error.js'
import type { BodySink, ClientRequest, Exchange } from '../../src/http-client/exchange.js'
import { createOriginPools } from '../../src/http-client/origin-pools.js'
import { headerValues } from '../../src/http-client/raw-headers.js'
import { readWholeResponse } from '../../src/http-client/whole-response.js'
import { startSocket } from '../upstream/wire.js'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const KEPT = 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nok'

interface Result {
  status: number | null
  body: Buffer
  trailers: readonly string[]
  error: string | null
  message: string
}

function openPool(
  t: ExecutionContext,
  origin: string,
  connections: number | null = null,
  connectTimeoutMs = 20_000,
) {
  const pools = createOriginPools({ connectTimeoutMs, connections, insecure: true })
  t.teardown(pools.destroy)
  const pool = pools.pool(origin)
  function send(
    request: Partial<ClientRequest> = {},
    started: (exchange: Exchange) => void = () => {},
  ): Promise<Result> {
    const chunks: Buffer[] = []
    let status: number | null = null
    return new Promise(resolve => {
      const done = (rest: Partial<Result>) =>
        resolve({
          status,
          body: Buffer.concat(chunks),
          trailers: [],
          error: null,
          message: '',
          ...rest,
        })
      const exchange = pool.send(
        {
          method: 'GET',
          path: '/',
          headers: [],
          body: null,
          headersTimeoutMs: 20_000,
          idleTimeoutMs: 20_000,
          ...request,
        },
        {
          onSend() {},
          onHead(received) {
            status = received
          },
          onData: data => void chunks.push(data),
          onEnd: trailers => done({ trailers }),
          onError: error => done({ error: codeOf(error), message: error.message }),
        },
      )
      started(exchange)
    })
  }
  return { pool, send }
}

const WHOLE = {
  method: 'GET',
  path: '/',
  headers: [],
  body: null,
  maxBytes: 1000,
  headersTimeoutMs: 0,
  idleTimeoutMs: 0,
} as const

/** A server that responds to each request on a connection with the result of the function. */
async function startAnswering(
  t: ExecutionContext,
  answer: (socket: Socket, request: number, text: string) => void,
) {
  const sockets: Socket[] = []
  let requests = 0
  const origin = await startSocket(t, socket => {
    sockets.push(socket)
    socket.on('data', data => {
      requests += 1
      answer(socket, requests, data.toString('latin1'))
    })
  })
  return { origin, sockets, requests: () => requests }
}

test('sequential requests share a connection', async t => {
  const server = await startAnswering(t, socket => socket.write(OK))
  const { send } = openPool(t, server.origin)
  for (let round = 0; round < 3; round += 1) t.like(await send(), { status: 200, error: null })
  t.is(server.sockets.length, 1)
  t.is(server.requests(), 3)
})

test('concurrent requests have a connection each, up to the limit', async t => {
  const server = await startAnswering(t, socket => setTimeout(() => socket.write(OK), 50))
  const many = openPool(t, server.origin)
  await Promise.all([many.send(), many.send(), many.send()])
  t.is(server.sockets.length, 3)
  const few = openPool(t, server.origin, 2)
  const results = await Promise.all(Array.from({ length: 7 }, () => few.send()))
  t.deepEqual(
    results.map(({ error }) => error),
    Array.from({ length: 7 }, () => null),
  )
  t.is(server.sockets.length, 5)
})

test('a request that waits for a connection is sent when another request fails, unless it was aborted', async t => {
  const server = await startAnswering(t, (socket, _, text) =>
    text.startsWith('GET /bad ') ? socket.destroy() : socket.write(OK),
  )
  const { send } = openPool(t, server.origin, 1)
  const failing = send({ path: '/bad' })
  void send({ path: '/called-off' }, exchange => exchange.abort())
  const waiting = send({ path: '/good' })
  t.is((await failing).error, 'CONNECTION_CLOSED')
  t.is((await waiting).body.toString(), 'ok')
  t.is(server.requests(), 2)
})

test('a write uses an idle connection only if the server has said for how long it keeps it', async t => {
  const server = await startAnswering(t, (socket, _, text) =>
    socket.write(text.includes('/kept') ? KEPT : OK),
  )
  const { send } = openPool(t, server.origin)
  await send()
  await send({ method: 'POST', path: '/kept', body: Buffer.from('x') })
  t.is(server.sockets.length, 2)
  await send({ method: 'POST', body: Buffer.from('x') })
  t.is(server.sockets.length, 2)
  await send({ method: 'DELETE' })
  t.is(server.sockets.length, 3)
})

test('no write fails if the server may close idle connections at any time', async t => {
  const server = await startAnswering(t, socket => {
    socket.write(OK)
    setTimeout(() => socket.end(), Math.random() * 4)
  })
  const { send } = openPool(t, server.origin)
  for (let round = 0; round < 75; round += 1) {
    t.like(await send({ method: 'POST', body: Buffer.from('x') }), { status: 200, error: null })
    if (round % 3 === 0) await delay(Math.random() * 4)
  }
  t.is(server.requests(), 75)
})

test('a read on a connection that the server is closing is sent again on a new one', async t => {
  const server = await startAnswering(t, (socket, request) => {
    // The server closes the connection when the second request arrives.
    if (request === 2) socket.destroy()
    else socket.write(OK)
  })
  const { send } = openPool(t, server.origin)
  await send()
  t.like(await send(), { status: 200, error: null })
  t.is(server.sockets.length, 2)
  t.is(server.requests(), 3)
})

test('a read on a new connection that the server closes is not sent again by the pool', async t => {
  const server = await startAnswering(t, socket => socket.destroy())
  const { send } = openPool(t, server.origin)
  t.is((await send()).error, 'CONNECTION_CLOSED')
  t.is(server.requests(), 1)
})

test('a connection is not used for longer than the server keeps it', async t => {
  const server = await startAnswering(t, socket =>
    socket.write('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 0\r\n\r\n'),
  )
  const { send } = openPool(t, server.origin)
  await send()
  await send()
  t.is(server.sockets.length, 2)
})

test('a connection that the server closed is not used again', async t => {
  const server = await startAnswering(t, socket => socket.end(OK))
  const { send } = openPool(t, server.origin)
  await send()
  const [first] = server.sockets
  if (first && !first.closed) await once(first, 'close')
  t.is((await send()).error, null)
  t.is(server.sockets.length, 2)
})

test('bytes without a request close the connection and are no response', async t => {
  const forged = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged'
  const late = await startAnswering(t, (socket, request) => {
    socket.write(OK)
    if (request === 1) setTimeout(() => socket.write(forged), 20)
  })
  const { send } = openPool(t, late.origin)
  await send()
  const [first] = late.sockets
  if (first && !first.closed) await once(first, 'close')
  t.is((await send()).body.toString(), 'ok')
  t.is(late.sockets.length, 2)

  const together = await startAnswering(t, (socket, request) =>
    socket.write(request === 1 ? OK + forged : OK),
  )
  const second = openPool(t, together.origin)
  t.is((await second.send()).body.toString(), 'ok')
  t.is((await second.send()).body.toString(), 'ok')
  t.is(together.sockets.length, 2)
})

test('a response that comes before its request is rejected', async t => {
  const origin = await startSocket(t, socket => socket.write(OK))
  const { send } = openPool(t, origin)
  // It may be read before or after the request is written. In both cases no other request may get it.
  const first = await send()
  if (first.error === null) t.is(first.body.toString(), 'ok')
  await delay(20)
  t.pass()
})

test('endless interim responses end at the headers timeout', async t => {
  const origin = await startSocket(t, socket => {
    const timer = setInterval(() => socket.write('HTTP/1.1 100 Continue\r\n\r\n'.repeat(9)), 20)
    socket.once('close', () => clearInterval(timer))
  })
  const { send } = openPool(t, origin)
  t.is((await send({ headersTimeoutMs: 300 })).error, 'HEADERS_TIMEOUT')
})

test('a head that comes byte by byte does not extend the headers timeout', async t => {
  const origin = await startSocket(t, socket => {
    const bytes = [...'HTTP/1.1 200 OK\r\nX-A: endless']
    const timer = setInterval(() => socket.write(bytes.shift() ?? 'x'), 20)
    socket.once('close', () => clearInterval(timer))
  })
  const { send } = openPool(t, origin)
  t.is((await send({ headersTimeoutMs: 300 })).error, 'HEADERS_TIMEOUT')
})

test('a body without a length that ends in a reset is an error, not a complete body', async t => {
  const server = await startAnswering(t, socket => {
    socket.write('HTTP/1.1 200 OK\r\n\r\nhalf of it', () =>
      setTimeout(() => socket.resetAndDestroy(), 500),
    )
  })
  const { send } = openPool(t, server.origin)
  t.like(await send(), { status: 200, error: 'ECONNRESET' })
})

test('a body without a length that ends with the connection is complete', async t => {
  const server = await startAnswering(t, socket => {
    socket.write('HTTP/1.1 200 OK\r\n\r\nall')
    setTimeout(() => socket.end(' of it'), 20)
  })
  const { send } = openPool(t, server.origin)
  const { body, error } = await send()
  t.deepEqual([body.toString(), error], ['all of it', null])
})

test('a malformed response closes its connection, and the error contains nothing of it', async t => {
  const secret = 'gAAAA-a-token'
  const server = await startAnswering(t, socket =>
    socket.write(`HTTP/1.1 200 OK\r\nX-Auth-Token : ${secret}\r\n\r\n`),
  )
  const { send } = openPool(t, server.origin)
  const { error, message } = await send()
  t.is(error, 'MALFORMED_RESPONSE')
  t.notRegex(message, new RegExp(secret))
  t.is((await send()).error, 'MALFORMED_RESPONSE')
  t.is(server.sockets.length, 2)
})

for (const [what, request] of Object.entries({
  'a line break in a header': { headers: ['X-A', 'one\r\nX-B: two'] },
  'a line break in the name of a header': { headers: ['X-A: one\r\nX-B', 'two'] },
  'a space in the path': { path: '/a HTTP/1.1\r\nX-B: two' },
  'a space in the method': { method: 'GET /forged' },
  'an empty path': { path: '' },
})) {
  test(`a request with ${what} is never sent`, async t => {
    const server = await startAnswering(t, socket => socket.write(OK))
    const { send } = openPool(t, server.origin)
    t.is((await send(request)).error, 'INVALID_REQUEST')
    t.is(server.requests(), 0)
  })
}

test('a request has one framing, whatever its headers say', async t => {
  let seen = ''
  const server = await startAnswering(t, (socket, _, text) => {
    seen = text
    socket.write(OK)
  })
  const { send } = openPool(t, server.origin)
  const headers = [
    'Content-Length',
    '999',
    'Transfer-Encoding',
    'chunked',
    'Host',
    'other',
    'X-A',
    '1',
  ]
  await send({ method: 'POST', path: '/x?y', headers, body: Buffer.from('body') })
  const host = new URL(server.origin).host
  t.is(seen, `POST /x?y HTTP/1.1\r\nHost: ${host}\r\nX-A: 1\r\nContent-Length: 4\r\n\r\nbody`)
  await send({ method: 'PUT', headers })
  t.is(seen, `PUT / HTTP/1.1\r\nHost: ${host}\r\nX-A: 1\r\nContent-Length: 0\r\n\r\n`)
})

test('a request body with another length than announced is never completed', async t => {
  const seen: string[] = []
  const server = await startAnswering(t, (_, __, text) => void seen.push(text))
  const { send } = openPool(t, server.origin)
  for (const pieces of [['abc'], ['abcd', 'ef']]) {
    const start = (sink: BodySink) => {
      for (const piece of pieces) sink.write(Buffer.from(piece))
      sink.end()
    }
    const body = { length: 5, start, resume() {}, stop() {} }
    t.is((await send({ method: 'PUT', body })).error, 'INVALID_REQUEST')
  }
  await delay(20)
  for (const text of seen) t.notRegex(text, /\r\n\r\n.{5}/)
})

test('an exchange that is over does not touch the next one on its connection', async t => {
  const server = await startAnswering(t, socket => setTimeout(() => socket.write(OK), 20))
  const { send } = openPool(t, server.origin)
  let first: Exchange | undefined
  await send({}, exchange => {
    first = exchange
  })
  const second = send()
  first?.pause()
  first?.abort()
  t.like(await second, { status: 200, error: null })
  t.is(server.sockets.length, 1)
})

test('a connection that is never established fails after the connect timeout', async t => {
  // A TLS server that never responds: the connection is established, but the handshake never ends.
  const origin = await startSocket(t, socket => socket.resume())
  const { send } = openPool(t, origin.replace('http', 'https'), null, 500)
  t.is((await send()).error, 'CONNECT_TIMEOUT')
})

test('a closed pool aborts its running exchanges and sends no more requests', async t => {
  const server = await startAnswering(t, () => {})
  const { pool, send } = openPool(t, server.origin)
  const running = send()
  await delay(50)
  pool.destroy()
  t.is((await running).error, 'POOL_CLOSED')
  t.is((await send()).error, 'POOL_CLOSED')
})

test('a long body over TLS is complete even if its reader pauses, and the next request resumes the session', async t => {
  const file = (name: string) => readFileSync(new URL(`../identity/tls/${name}`, import.meta.url))
  const whole = Buffer.alloc(8 * 1024 * 1024, 'abcdefg')
  const resumed: boolean[] = []
  const server = createTlsServer({ key: file('key.pem'), cert: file('cert.pem') }, socket => {
    resumed.push(socket.isSessionReused())
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${whole.length}\r\n\r\n`)
      socket.write(whole)
    })
  })
  t.teardown(() => server.close())
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const { send } = openPool(t, `https://127.0.0.1:${port}`)
  const first = await send({}, exchange => {
    const pauses = setInterval(() => {
      exchange.pause()
      setTimeout(() => exchange.resume(), 5)
    }, 10)
    t.teardown(() => clearInterval(pauses))
  })
  t.true(first.body.equals(whole))
  await send({ method: 'POST' })
  t.deepEqual(resumed, [false, true])
})

test('a whole response is read after interim responses, and a signal ends the request', async t => {
  const server = await startAnswering(t, (socket, _, text) => {
    if (text.startsWith('GET /never ')) return
    socket.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n')
    socket.write(
      'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 2\r\n\r\nok',
    )
  })
  const { pool } = openPool(t, server.origin, 1)
  const read = (request: object, signal = AbortSignal.timeout(120_000)) =>
    readWholeResponse(pool, { ...WHOLE, ...request, signal })
  const response = await read({ method: 'POST', body: 'question' })
  t.is(response.status, 200)
  t.deepEqual(headerValues(response.headers, 'set-cookie'), ['a=1', 'b=2'])
  t.is(response.body.toString(), 'ok')
  // The second request is aborted while it waits for the only connection.
  const signal = AbortSignal.timeout(500)
  const calledOff = ['/never', '/queued'].map(path =>
    t.throwsAsync(read({ path }, signal), { name: 'TimeoutError' }),
  )
  await Promise.all(calledOff)
  await t.throwsAsync(read({ path: '/late' }, signal), { name: 'TimeoutError' })
  t.is(server.requests(), 2)
  t.is((await read({})).body.toString(), 'ok')
  await t.throwsAsync(read({ maxBytes: 1 }), { code: 'RESPONSE_TOO_LARGE' })
  t.is((await read({})).body.toString(), 'ok')
})
