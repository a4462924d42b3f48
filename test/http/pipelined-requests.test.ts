import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { listen } from '../../src/http/server.js'
import { until } from '../until.js'

interface Held {
  readonly req: IncomingMessage
  readonly res: ServerResponse
}

/** A server that keeps every request until the test responds, and a client that writes bytes. */
async function start(t: ExecutionContext) {
  const held: Held[] = []
  const listener = (req: IncomingMessage, res: ServerResponse) => void held.push({ req, res })
  const server = await listen(listener, { host: '127.0.0.1', port: 0 })
  t.teardown(() => server.drain(0))
  const socket = connect(server.address.port, '127.0.0.1').on('error', () => {})
  t.teardown(() => socket.destroy())
  return { held, server, socket, received: read(socket) }
}

function read(socket: Socket): () => string {
  let text = ''
  socket.on('data', data => {
    text += data
  })
  return () => text
}

const request = (line: string, body = '') =>
  `${line} HTTP/1.1\r\nHost: a\r\n${body && `Content-Length: ${body.length}\r\n`}\r\n${body}`
const linesOf = (held: readonly Held[]) => held.map(({ req }) => `${req.method} ${req.url}`)
/** Long enough for a request that must not arrive. */
const PAUSE_MS = 50

const pairs: [first: string, second: string][] = [
  ['POST /a', 'GET /b'],
  ['GET /a', 'POST /b'],
  ['DELETE /a', 'PUT /b'],
  ['GET /a', 'GET /b'],
]

for (const [first, second] of pairs) {
  test(`${second} begins after the response to ${first} on its connection`, async t => {
    const { held, socket, received } = await start(t)
    socket.write(request(first, first.startsWith('GET') ? '' : 'body') + request(second))
    await until('the first request has come', () => held.length === 1)
    await sleep(PAUSE_MS)
    t.deepEqual(linesOf(held), [first])
    held[0]?.res.end('one')
    await until('the second request has come', () => held.length === 2)
    t.deepEqual(linesOf(held), [first, second])
    held[1]?.res.end('two')
    await until('both responses have come', () => received().includes('two'))
    t.regex(received(), /one.*two/s)
  })
}

test('the body of a request that waited for another one arrives whole', async t => {
  const { held, socket } = await start(t)
  const body = 'x'.repeat(1_000_000)
  socket.write(request('DELETE /a') + request('PUT /b', body))
  await until('the first request has come', () => held.length === 1)
  held[0]?.res.end()
  await until('the second request has come', () => held.length === 2)
  let length = 0
  for await (const chunk of held[1]?.req ?? []) length += chunk.length
  t.is(length, body.length)
})

test('requests on other connections do not wait', async t => {
  const { held, socket, server } = await start(t)
  socket.write(request('POST /a'))
  await until('the first request has come', () => held.length === 1)
  const other = connect(server.address.port, '127.0.0.1')
  t.teardown(() => other.destroy())
  other.write(request('POST /b'))
  await until('the request of another connection has come', () => held.length === 2)
  t.pass()
})

test('a request that waits is never served if the client leaves before its turn', async t => {
  const { held, socket } = await start(t)
  socket.write(request('POST /a') + request('DELETE /b'))
  await until('the first request has come', () => held.length === 1)
  socket.destroy()
  await once(held[0]?.res ?? socket, 'close')
  held[0]?.res.end()
  await sleep(PAUSE_MS)
  t.deepEqual(linesOf(held), ['POST /a'])
})

test('a request that waits is never served after a response that ends the connection', async t => {
  const { held, socket, received } = await start(t)
  socket.write(request('POST /a') + request('DELETE /b'))
  await until('the first request has come', () => held.length === 1)
  held[0]?.res.setHeader('Connection', 'close').end()
  await once(socket, 'close')
  t.deepEqual(linesOf(held), ['POST /a'])
  t.is(received().match(/HTTP\/1.1/g)?.length, 1)
})

test('a client that sends a hundred requests ahead gets all responses, and its connection is closed above that', async t => {
  const { held, socket } = await start(t)
  socket.write(request('GET /a').repeat(101))
  for (let count = 0; count < 101; count += 1) {
    await until(`request ${count} has come`, () => held.length > count)
    held[count]?.res.end()
  }
  await sleep(PAUSE_MS)
  t.false(socket.destroyed)
  socket.write(request('GET /a').repeat(102))
  await once(socket, 'close')
  t.is(held.length, 102)
})

test('a drained server finishes the running request and serves no request that waits behind it', async t => {
  const { held, server, socket } = await start(t)
  socket.write(request('POST /a') + request('DELETE /b'))
  await until('the first request has come', () => held.length === 1)
  const drained = server.drain(10_000)
  held[0]?.res.end()
  t.is(await drained, 0)
  t.deepEqual(linesOf(held), ['POST /a'])
})
