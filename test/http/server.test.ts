import { once } from 'node:events'
import {
  Agent,
  type IncomingMessage,
  type RequestListener,
  request,
  type ServerResponse,
} from 'node:http'
import { connect } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { closeLingering } from '../../src/http/lingering-close.js'
import { type HttpServer, listen } from '../../src/http/server.js'
import { answerTo, ask, open } from '../upstream/wire.js'

async function start(
  t: ExecutionContext,
  listener: RequestListener,
): Promise<[string, HttpServer]> {
  const server = await listen(listener, { host: '127.0.0.1', port: 0 })
  t.teardown(() => server.drain(0))
  return [`http://127.0.0.1:${server.address.port}`, server]
}

/** A listener whose requests wait until the test responds. */
function holding(): { listener: RequestListener; next: () => Promise<ServerResponse> } {
  const held: ServerResponse[] = []
  const waiting: ((res: ServerResponse) => void)[] = []
  return {
    listener(_, res) {
      const waiter = waiting.shift()
      if (waiter) waiter(res)
      else held.push(res)
    },
    next() {
      const res = held.shift()
      return res ? Promise.resolve(res) : new Promise(resolve => waiting.push(resolve))
    },
  }
}

test('a port in use gives an error with advice', async t => {
  const [, server] = await start(t, (_, res) => void res.end())
  const { port } = server.address
  await t.throwsAsync(
    listen(() => {}, { host: '127.0.0.1', port }),
    { code: 'CANNOT_LISTEN', message: new RegExp(`^127.0.0.1:${port}: another process .* port`) },
  )
})

test('draining finishes running requests and then closes their connections', async t => {
  const { listener, next } = holding()
  const [url, server] = await start(t, listener)
  const agent = new Agent({ keepAlive: true })
  t.teardown(() => agent.destroy())
  const sent = request(url, { agent })
  sent.end()
  const answer = answerTo(sent)
  const res = await next()
  const drained = server.drain(10_000)
  await t.throwsAsync(once(connect(server.address.port, '127.0.0.1'), 'connect'), {
    code: 'ECONNREFUSED',
  })
  res.end('finished')
  const { body, headers } = await answer
  t.is(body.toString(), 'finished')
  t.is(headers.connection, 'close')
  t.is(await drained, 0)
})

test('draining waits until a slow client has read the last bytes of its response', async t => {
  const body = Buffer.alloc(16 * 1024 * 1024, 'x')
  const [url, server] = await start(t, (_, res) => void res.end(body))
  const sent = open(url)
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const drained = server.drain(10_000)
  let received = 0
  for await (const piece of response) received += piece.length
  t.is(received, body.length)
  t.is(await drained, 0)
})

test('draining closes idle connections at once', async t => {
  const [url, server] = await start(t, (_, res) => void res.end('ok'))
  const agent = new Agent({ keepAlive: true })
  t.teardown(() => agent.destroy())
  const sent = request(url, { agent })
  sent.end()
  await answerTo(sent)
  t.is(await server.drain(10_000), 0)
})

test('draining aborts and counts requests that run for too long', async t => {
  const { listener, next } = holding()
  const [url, server] = await start(t, listener)
  const sent = open(url)
  sent.end()
  await next()
  const cut = once(sent, 'error')
  t.is(await server.drain(50), 1)
  await cut
})

test('tokens longer than 16 KiB are accepted', async t => {
  const [url] = await start(t, (req, res) => {
    res.end(String(req.headers['x-auth-token']?.length))
  })
  const answer = await ask(url, { headers: { 'X-Auth-Token': 'x'.repeat(40_000) } })
  t.is(answer.body.toString(), '40000')
})

test('a client that sends its whole body before it reads gets the early response', async t => {
  const [url] = await start(t, (req, res) => {
    closeLingering(req, res)
    res.writeHead(401, { 'Content-Length': '2' }).end('no')
  })
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  t.teardown(() => socket.destroy())
  const length = 20 * 1024 * 1024
  socket.pause()
  socket.write(`PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`)
  await new Promise(resolve => socket.write(Buffer.alloc(length), resolve))
  socket.write('GET /again HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  let said = ''
  socket.on('data', chunk => {
    said += chunk
  })
  socket.resume()
  await once(socket, 'close')
  t.is(said.match(/HTTP\/1.1 401/g)?.length, 2)
})

test('a request with Expect: 100-continue reaches the listener', async t => {
  const seen: IncomingMessage[] = []
  const [url] = await start(t, (req, res) => {
    seen.push(req)
    closeLingering(req, res)
    res.writeHead(413).end()
  })
  const sent = open(url, 'PUT', { Expect: '100-continue', 'Content-Length': '9' })
  sent.flushHeaders()
  const { status, headers } = await answerTo(sent)
  t.is(status, 413)
  t.is(headers.connection, 'close')
  t.is(seen.length, 1)
})

test('after endKeepAlive each connection closes after its response, and new ones are accepted', async t => {
  const { listener, next } = holding()
  const [url, server] = await start(t, listener)
  const running = fetch(url)
  const held = await next()
  server.endKeepAlive()
  held.end('old')
  const later = fetch(url)
  const taken = await next()
  taken.end('new')
  for (const { status, headers } of [await running, await later]) {
    t.is(status, 200)
    t.is(headers.get('connection'), 'close')
  }
})
