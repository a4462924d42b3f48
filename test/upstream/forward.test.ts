import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { setImmediate as tick } from 'node:timers/promises'
import test from 'ava'
import { MixmatchError } from '../../src/errors.js'
import type { Outcome } from '../../src/upstream/forward-request.js'
import type { BodyRewriter } from '../../src/upstream/link-rewriter.js'
import {
  answerTo,
  ask,
  bodyOf,
  open,
  say,
  startForwarder,
  startServer,
  startSocket,
} from './wire.js'

const MIB = 1024 * 1024
const patience = { connectTimeoutMs: 10_000, headersTimeoutMs: 30_000, idleTimeoutMs: 30_000 }

function outcome(value: Outcome | Error): Outcome {
  if (value instanceof Error) throw value
  return value
}

function code(value: Outcome | Error): string {
  return value instanceof MixmatchError ? value.code : `no fault: ${JSON.stringify(value)}`
}

/** A promise, and the function that resolves it. */
function promised<T>(): [Promise<T>, (value: T) => void] {
  let fulfil: (value: T) => void = () => {}
  const promise = new Promise<T>(resolve => {
    fulfil = resolve
  })
  return [promise, fulfil]
}

test('a small response is forwarded with status, headers and body', async t => {
  const upstream = await startServer(t, (_, res) => {
    res.writeHead(418, [
      'Set-Cookie',
      'a=1',
      'Set-Cookie',
      'b=2',
      'Content-Length',
      '5',
      'X-Bytes',
      'é',
    ])
    res.end(Buffer.from('short'))
  })
  const { url, next } = await startForwarder(t, upstream)
  const answer = await ask(`${url}/teapot`)
  t.is(answer.status, 418)
  t.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2'])
  t.is(answer.headers['x-bytes'], 'é')
  t.is(answer.body.toString(), 'short')
  t.like(outcome(await next()), { status: 418, bytesSent: 5, bytesReceived: 0, aborted: null })
})

test('large bodies are forwarded unchanged in both directions, sized and chunked', async t => {
  const sent = randomBytes(3 * MIB)
  const upstream = await startServer(t, async (req, res) => {
    const body = await bodyOf(req)
    if (req.headers['content-length']) res.setHeader('Content-Length', body.length)
    res.end(body)
  })
  const { url, next } = await startForwarder(t, upstream)
  for (const headers of [
    { 'Content-Length': String(sent.length) },
    { 'Transfer-Encoding': 'chunked' },
  ]) {
    const answer = await ask(url, { method: 'PUT', headers, body: sent })
    t.true(answer.body.equals(sent))
    t.like(outcome(await next()), { bytesSent: sent.length, bytesReceived: sent.length })
  }
})

for (const [method, status] of [
  ['HEAD', 200],
  ['PUT', 204],
  ['GET', 304],
] as const) {
  test(`a ${status} response to ${method} has headers and no body`, async t => {
    const upstream = await startServer(t, (req, res) => {
      const length = status === 200 ? { 'Content-Length': '1000' } : {}
      res.writeHead(status, { ETag: '"it"', ...length }).end()
      req.resume()
    })
    const { url } = await startForwarder(t, upstream)
    const answer = await ask(url, { method })
    t.is(answer.status, status)
    t.is(answer.headers.etag, '"it"')
    t.is(answer.body.length, 0)
    if (status === 200) t.is(answer.headers['content-length'], '1000')
  })
}

for (const [method, head, length] of [
  ['GET', '304 Not Modified\r\nETag: "it"\r\nContent-Length: 70000', '70000'],
  ['HEAD', '200 OK\r\nContent-Length: 70000', '70000'],
  ['DELETE', '204 No Content\r\nContent-Length: 0', undefined],
  ['HEAD', '204 No Content\r\nContent-Length: 70000', undefined],
] as const) {
  test(`a Content-Length in a ${head.slice(0, 3)} to ${method} announces no body, and only a 204 is forwarded without it`, async t => {
    const upstream = await startSocket(t, socket =>
      socket.on('data', () => socket.write(`HTTP/1.1 ${head}\r\n\r\n`)),
    )
    const { url, next } = await startForwarder(t, upstream)
    for (const _ of [1, 2]) {
      const answer = await ask(url, { method })
      t.is(answer.status, Number(head.slice(0, 3)))
      t.is(answer.headers['content-length'], length)
      t.true(answer.complete)
      t.like(outcome(await next()), { aborted: null })
    }
  })
}

test('trailers of a chunked response reach the client', async t => {
  const upstream = await startServer(t, (_, res) => {
    res.write('body')
    res.addTrailers({ 'X-Checksum': 'abc' })
    res.end()
  })
  const { url } = await startForwarder(t, upstream)
  t.is((await ask(url)).trailers['x-checksum'], 'abc')
})

test('an interim response does not replace the final one', async t => {
  const upstream = await startServer(t, (_, res) => {
    res.writeEarlyHints({ link: '</style.css>; rel=preload' })
    res.writeProcessing()
    res.end('real')
  })
  const { url } = await startForwarder(t, upstream)
  t.is((await ask(url)).body.toString(), 'real')
})

test('100 Continue after a write, once or several times, does not replace the final response', async t => {
  const upstream = await startSocket(t, socket => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 100 Continue\r\n\r\n'.repeat(3))
      setTimeout(() => {
        socket.write('HTTP/1.1 100 Continue\r\nX-A: 1\r\n\r\n')
        socket.write('HTTP/1.1 202 Accepted\r\nContent-Length: 4\r\n\r\ndone')
      }, 50)
    })
  })
  const { url } = await startForwarder(t, upstream)
  for (const method of ['POST', 'PUT', 'DELETE']) {
    const answer = await ask(url, { method, body: method === 'DELETE' ? '' : 'body' })
    t.is(answer.status, 202, method)
    t.is(answer.body.toString(), 'done')
  }
})

test('a cloud that sends only interim responses is asked once, and fails after headers_timeout', async t => {
  let asked = 0
  const upstream = await startSocket(t, socket => {
    socket.once('data', () => {
      asked += 1
    })
    const timer = setInterval(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 20)
    socket.once('close', () => clearInterval(timer))
  })
  const timeouts = { ...patience, headersTimeoutMs: 1000 }
  const { url, next } = await startForwarder(t, upstream, { timeouts })
  await ask(url)
  t.is(code(await next()), 'SERVICE_PROVIDER_TIMEOUT')
  t.is(asked, 1)
})

test('a body without a length that ends in a reset closes the connection of the client, so it does not look complete', async t => {
  const upstream = await startSocket(t, socket => {
    socket.once('data', () =>
      socket.write('HTTP/1.1 200 OK\r\n\r\nhalf of it', () =>
        setTimeout(() => socket.resetAndDestroy(), 500),
      ),
    )
  })
  const { url, next } = await startForwarder(t, upstream)
  const answer = await ask(url)
  t.is(answer.body.toString(), 'half of it')
  t.false(answer.complete)
  t.is(outcome(await next()).aborted, 'upstream')
})

for (const [what, lines] of [
  ['more than a thousand fields', 'X-A: one\r\n'.repeat(1001)],
  ['a head of more than 256 KiB', `X-A: ${'x'.repeat(300_000)}\r\n`],
  ['a folded field', 'X-A: one\r\n two\r\n'],
  ['two lengths', 'Content-Length: 2\r\nContent-Length: 4\r\n'],
] as const) {
  test(`a response with ${what} is an error, and nothing of it reaches the client`, async t => {
    const upstream = await startSocket(t, socket =>
      socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\n${lines}\r\nok`)),
    )
    const { url, next } = await startForwarder(t, upstream)
    const answer = await ask(url, { method: 'DELETE' })
    t.is(answer.status, 599)
    t.is(code(await next()), 'SERVICE_PROVIDER_BROKE_OFF')
    t.regex(answer.body.toString(), /malformed/)
  })
}

test('all of a thousand header fields reach the client', async t => {
  const lines = 'X-A: one\r\n'.repeat(999)
  const upstream = await startSocket(t, socket =>
    socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\n${lines}Content-Length: 2\r\n\r\nok`)),
  )
  const { url } = await startForwarder(t, upstream)
  const said = await say(url, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  t.is(said.match(/^X-A: one\r$/gm)?.length, 999)
})

test('a cloud that aborts its response closes the connection of the client, so no partial response looks complete', async t => {
  const upstream = await startSocket(t, socket => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n')
      socket.write(Buffer.alloc(200_000), () => socket.destroy())
    })
  })
  const { url, next } = await startForwarder(t, upstream)
  const answer = await ask(url)
  t.is(answer.status, 200)
  t.false(answer.complete)
  t.like(outcome(await next()), { status: 200, aborted: 'upstream' })
})

test('a chunked response without its last chunk closes the connection of the client', async t => {
  const upstream = await startSocket(t, socket => {
    socket.once('data', () => {
      socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n')
    })
  })
  const { url, next } = await startForwarder(t, upstream)
  t.false((await ask(url)).complete)
  t.is(outcome(await next()).aborted, 'upstream')
})

test('a small response that the cloud aborts gives an error, not a partial response', async t => {
  const upstream = await startSocket(t, socket => {
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'))
  })
  const { url, next } = await startForwarder(t, upstream)
  const fault = ask(url)
  const [answer, failure] = [await fault, await next()]
  // Half of the body was already sent, so the connection must end early.
  if (answer.status === 200) t.false(answer.complete)
  else t.is(code(failure), 'SERVICE_PROVIDER_BROKE_OFF')
})

test('a cloud that closes the connection without a response gives an error', async t => {
  const upstream = await startSocket(t, socket => socket.once('data', () => socket.destroy()))
  const { url, next } = await startForwarder(t, upstream)
  await ask(url, { method: 'DELETE' })
  t.is(code(await next()), 'SERVICE_PROVIDER_BROKE_OFF')
})

test('a cloud that does not speak HTTP gives an error', async t => {
  const upstream = await startSocket(t, socket =>
    socket.once('data', () => socket.end('SSH-2.0\r\n')),
  )
  const { url, next } = await startForwarder(t, upstream)
  await ask(url, { method: 'DELETE' })
  t.is(code(await next()), 'SERVICE_PROVIDER_BROKE_OFF')
})

test('a cloud that refuses the connection gives an error', async t => {
  const { url, next } = await startForwarder(t, 'http://127.0.0.1:1')
  await ask(url)
  t.is(code(await next()), 'SERVICE_PROVIDER_UNREACHABLE')
})

test('a cloud that never responds fails after headers_timeout', async t => {
  const upstream = await startSocket(t, socket => socket.resume())
  const timeouts = { ...patience, headersTimeoutMs: 1000 }
  const { url, next } = await startForwarder(t, upstream, { timeouts })
  await ask(url, { method: 'DELETE' })
  t.is(code(await next()), 'SERVICE_PROVIDER_TIMEOUT')
})

test('a cloud that reads an upload and never responds fails after headers_timeout', async t => {
  const upstream = await startSocket(t, socket => socket.resume())
  const timeouts = { ...patience, headersTimeoutMs: 1000 }
  const { url, next } = await startForwarder(t, upstream, { timeouts })
  await ask(url, { method: 'POST', body: 'something' })
  t.is(code(await next()), 'SERVICE_PROVIDER_TIMEOUT')
})

test('an upload may take longer than headers_timeout', async t => {
  const upstream = await startServer(t, async (req, res) => {
    res.end(String((await bodyOf(req)).length))
  })
  const timeouts = { ...patience, headersTimeoutMs: 4000 }
  const { url } = await startForwarder(t, upstream, { timeouts })
  const sent = open(url, 'PUT', { 'Transfer-Encoding': 'chunked' })
  const answer = answerTo(sent)
  for (let piece = 0; piece < 16; piece++) {
    sent.write('piece')
    await new Promise(resolve => setTimeout(resolve, 300))
  }
  sent.end()
  t.is((await answer).body.toString(), '80')
})

test('an upload whose client stops sending is aborted after idle_timeout', async t => {
  const upstream = await startServer(t, req => void req.resume())
  const timeouts = { ...patience, idleTimeoutMs: 1000 }
  const { url, next } = await startForwarder(t, upstream, { timeouts })
  const sent = open(url, 'PUT', { 'Content-Length': '100' })
  sent.write('begin')
  t.is(code(await next()), 'REQUEST_TIMEOUT')
  sent.destroy()
})

test('an upload whose cloud stops reading is aborted after idle_timeout', async t => {
  const upstream = await startSocket(t, socket => socket.pause())
  const timeouts = { ...patience, idleTimeoutMs: 1000 }
  const { url, next } = await startForwarder(t, upstream, { timeouts })
  const sent = open(url, 'PUT', { 'Transfer-Encoding': 'chunked' })
  sent.write(Buffer.alloc(32 * MIB))
  t.is(code(await next()), 'SERVICE_PROVIDER_TIMEOUT')
  sent.destroy()
})

test('a response that stops in the middle is aborted after idle_timeout', async t => {
  const upstream = await startServer(t, (_, res) => {
    res.writeHead(200, { 'Content-Length': '1000000' }).write(Buffer.alloc(100_000))
  })
  const timeouts = { ...patience, idleTimeoutMs: 1000 }
  const { url, next } = await startForwarder(t, upstream, { timeouts })
  t.false((await ask(url)).complete)
  t.is(outcome(await next()).aborted, 'upstream')
})

test('a response whose client stops reading is aborted after idle_timeout', async t => {
  const upstream = await startServer(t, (_, res) => void res.end(Buffer.alloc(64 * MIB)))
  const timeouts = { ...patience, idleTimeoutMs: 3000 }
  const { url, next } = await startForwarder(t, upstream, { timeouts })
  const sent = open(url)
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  response.pause()
  t.is(outcome(await next()).aborted, 'client')
  sent.destroy()
})

test('a client that leaves before the response aborts the upstream request at once', async t => {
  const [reached, reach] = promised<IncomingMessage>()
  const upstream = await startServer(t, reach)
  const { url, next } = await startForwarder(t, upstream)
  const sent = open(url)
  sent.end()
  const request = await reached
  const closed = once(request.socket, 'close')
  sent.destroy()
  await closed
  t.like(outcome(await next()), { status: null, aborted: 'client' })
})

test('a client that leaves in the middle of a download aborts the upstream request', async t => {
  const [closed, close] = promised<boolean>()
  const upstream = await startServer(t, (_, res) => {
    let finished = false
    res.once('finish', () => {
      finished = !res.req.socket.destroyed
    })
    res.once('close', () => close(finished))
    res.end(Buffer.alloc(64 * MIB))
  })
  const { url, next } = await startForwarder(t, upstream)
  const sent = open(url)
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  response.once('data', () => sent.destroy())
  t.false(await closed)
  t.like(outcome(await next()), { status: 200, aborted: 'client' })
})

for (const framing of ['sized', 'chunked']) {
  test(`an upload that the client aborts is never completed upstream, ${framing}`, async t => {
    const [ended, end] = promised<string>()
    const [halfWay, reachHalfWay] = promised<void>()
    let received = 0
    const upstream = await startServer(t, req => {
      req.once('end', () => end('whole')).on('error', () => end('broken off'))
      req.on('data', ({ length }) => {
        received += length
        if (received === 50_000) reachHalfWay()
      })
    })
    const { url, next } = await startForwarder(t, upstream)
    const headers =
      framing === 'sized' ? { 'Content-Length': '100000' } : { 'Transfer-Encoding': 'chunked' }
    const sent = open(url, 'PUT', headers as Record<string, string>)
    sent.write(Buffer.alloc(50_000))
    await halfWay
    sent.destroy()
    t.is(await ended, 'broken off')
    t.like(outcome(await next()), { status: null, bytesReceived: 50_000, aborted: 'client' })
  })
}

test('a response in the middle of an upload reaches the client, even if the cloud closes the connection', async t => {
  const upstream = await startServer(t, (req, res) => {
    req.once('data', () =>
      res.writeHead(413, { Connection: 'close', 'Content-Length': '4' }).end('full'),
    )
  })
  const { url, next } = await startForwarder(t, upstream)
  const sent = open(url, 'PUT', { 'Transfer-Encoding': 'chunked' })
  sent.write(Buffer.alloc(1000))
  const answer = await answerTo(sent)
  t.is(answer.status, 413)
  t.is(answer.body.toString(), 'full')
  t.is(outcome(await next()).aborted, null)
  sent.destroy()
})

test('a slow client slows the cloud down and does not fill the memory of the proxy', async t => {
  const whole = 64 * MIB
  let pushed = 0
  const upstream = await startServer(t, async (_, res) => {
    res.writeHead(200, { 'Content-Length': whole })
    const piece = Buffer.alloc(256 * 1024)
    for (; pushed < whole; pushed += piece.length) {
      if (!res.write(piece)) await once(res, 'drain')
    }
    res.end()
  })
  const { url } = await startForwarder(t, upstream)
  const sent = open(url)
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  response.pause()
  for (let before = -1; before !== pushed; ) {
    before = pushed
    await new Promise(resolve => setTimeout(resolve, 400))
  }
  t.true(pushed < whole / 2, `${pushed} bytes are on their way to a client that reads none`)
  let received = 0
  for await (const chunk of response) received += chunk.length
  t.is(received, whole)
})

test('a slow cloud slows the uploading client down', async t => {
  const whole = 64 * MIB
  const [reached, reach] = promised<IncomingMessage>()
  const upstream = await startServer(t, async (req, res) => {
    reach(req)
    req.once('end', () => res.end('done'))
  })
  const { url } = await startForwarder(t, upstream)
  const sent = open(url, 'PUT', { 'Content-Length': String(whole) })
  let pushed = 0
  const answer = answerTo(sent)
  const pushing = (async () => {
    const piece = Buffer.alloc(256 * 1024)
    for (; pushed < whole; pushed += piece.length) if (!sent.write(piece)) await once(sent, 'drain')
    sent.end()
  })()
  const request = await reached
  for (let before = -1; before !== pushed; ) {
    before = pushed
    await new Promise(resolve => setTimeout(resolve, 400))
  }
  t.true(pushed < whole / 2, `${pushed} bytes are on their way to a cloud that reads none`)
  request.resume()
  await pushing
  t.is((await answer).body.toString(), 'done')
})

test('100 Continue is sent when the cloud is ready to read, and not if the request fails', async t => {
  const upstream = await startServer(t, async (req, res) => {
    t.is(req.headers.expect, undefined)
    res.end(await bodyOf(req))
  })
  const { url } = await startForwarder(t, upstream)
  const sent = open(url, 'PUT', { Expect: '100-continue', 'Content-Length': '4' })
  sent.flushHeaders()
  await once(sent, 'continue')
  sent.end('body')
  t.is((await answerTo(sent)).body.toString(), 'body')

  const dead = await startForwarder(t, 'http://127.0.0.1:1')
  const refused = open(dead.url, 'PUT', { Expect: '100-continue', 'Content-Length': '4' })
  refused.once('continue', () => t.fail('there is nobody to send it to'))
  refused.flushHeaders()
  t.is((await answerTo(refused)).status, 599)
  refused.destroy()
})

test('a read is retried if the connection closed without a response, a write is not', async t => {
  const seen: string[] = []
  const upstream = await startSocket(t, (socket: Socket) => {
    socket.once('data', data => {
      const method = data.toString().split(' ')[0] ?? ''
      seen.push(method)
      if (seen.filter(other => other === method).length < 2) socket.destroy()
      else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
  })
  const { url, next } = await startForwarder(t, upstream)
  t.is((await ask(url)).body.toString(), 'ok')
  await next()
  for (const method of ['POST', 'DELETE', 'PUT', 'PATCH']) {
    await ask(url, { method })
    t.is(code(await next()), 'SERVICE_PROVIDER_BROKE_OFF', method)
  }
  t.deepEqual(seen, ['GET', 'GET', 'POST', 'DELETE', 'PUT', 'PATCH'])
})

test('a dropped response writes nothing to the client, so that another can be sent', async t => {
  const upstream = await startServer(t, (_, res) => void res.writeHead(401).end('no'))
  const { url, next } = await startForwarder(t, upstream, { planResponse: () => null })
  const sent = open(url)
  sent.end()
  t.like(outcome(await next()), { status: 401, bytesSent: 0, aborted: null })
  sent.destroy()
})

/** Every `o` becomes `oo`. */
const doubling = (): BodyRewriter => ({
  write: chunk => [Buffer.from(chunk.toString('latin1').replaceAll('o', 'oo'), 'latin1')],
  end: () => [Buffer.from('.')],
})

test('a small body that is rewritten gets its new length', async t => {
  const upstream = await startServer(t, (_, res) => {
    res.writeHead(200, { 'Content-Length': '3' })
    res.write('o')
    setTimeout(() => res.end('ld'), 20)
  })
  const { url, next } = await startForwarder(t, upstream, {
    planResponse: (_, headers) => ({
      headers: headers.slice(0, 2),
      rewrite: doubling,
      observe: null,
    }),
  })
  const answer = await ask(url)
  t.is(answer.body.toString(), 'oold.')
  t.is(answer.headers['content-length'], '5')
  t.is(outcome(await next()).bytesSent, 5)
})

test('a body of any size is rewritten while it is streamed, without its old length', async t => {
  const long = Buffer.alloc(5 * MIB, 'ao')
  const upstream = await startServer(t, (req, res) => {
    if (req.url === '/sized') res.setHeader('Content-Length', long.length)
    res.write(long.subarray(0, 3 * MIB))
    res.end(long.subarray(3 * MIB))
  })
  const { url, next } = await startForwarder(t, upstream, {
    planResponse: (_, headers) => ({
      headers: headers.filter((_, index) => /^content-length$/i.test(headers[index & ~1] ?? '')),
      rewrite: doubling,
      observe: null,
    }),
  })
  const expected = Buffer.from(`${'aoo'.repeat(long.length / 2)}.`)
  for (const path of ['/sized', '/chunked']) {
    const answer = await ask(url + path)
    t.true(answer.body.equals(expected), path)
    t.is(answer.headers['content-length'], undefined)
    t.is(outcome(await next()).bytesSent, expected.length)
  }
})

test('the client gets nothing of a response before its observation is recorded', async t => {
  const odd = Buffer.from([0x7b, 0xff, 0xfe, 0x7d])
  const upstream = await startServer(t, (_, res) => void res.end(odd))
  const learned: Buffer[] = []
  let isKnown = false
  const { url } = await startForwarder(t, upstream, {
    planResponse: () => ({
      headers: [],
      rewrite: null,
      async observe(body) {
        learned.push(body)
        await new Promise(resolve => setTimeout(resolve, 100))
        isKnown = true
      },
    }),
  })
  const answer = await ask(url)
  t.true(isKnown)
  t.true(answer.body.equals(odd), 'also bytes that are no text')
  t.deepEqual(learned, [odd])
})

test('a response that is too long to observe is forwarded unchanged', async t => {
  const long = Buffer.alloc(5 * MIB, 'a')
  const upstream = await startServer(t, (req, res) => {
    if (req.url === '/sized') res.setHeader('Content-Length', long.length)
    res.write(long.subarray(0, 3 * MIB))
    res.end(long.subarray(3 * MIB))
  })
  const learn = async () => t.fail('nothing is to be learned')
  const { url } = await startForwarder(t, upstream, {
    planResponse: () => ({ headers: [], rewrite: null, observe: learn }),
  })
  t.true((await ask(`${url}/sized`)).body.equals(long))
  t.true((await ask(`${url}/chunked`)).body.equals(long))
})

test('a header value of a cloud cannot split the response', async t => {
  const upstream = await startSocket(t, socket => {
    socket.once('data', () => {
      socket.end('HTTP/1.1 200 OK\r\nX-A: one\rX-Forged: yes\r\nContent-Length: 2\r\n\r\nok')
    })
  })
  const { url } = await startForwarder(t, upstream)
  const said = await say(url, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  t.false(/^X-Forged:/m.test(said))
})

test('after a client has left, the proxy serves the next one', async t => {
  const upstream = await startServer(t, (req, res) => {
    if (req.url === '/fast') res.end('fast')
  })
  const { url, next } = await startForwarder(t, upstream)
  for (let round = 0; round < 20; round++) {
    const sent = open(`${url}/slow`)
    sent.end()
    await tick()
    sent.destroy()
  }
  t.is((await ask(`${url}/fast`)).body.toString(), 'fast')
  t.truthy(await next())
})
