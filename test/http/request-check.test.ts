import { connect } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import { createOpsApp, openOps } from '../../src/http/ops.js'
import { MAX_HEADERS } from '../../src/http/request-check.js'
import { alice, idp } from '../controls.js'
import { say } from '../upstream/wire.js'
import { json, startCloud, startProxy } from './federation.js'

/** One cloud behind the proxy, and a client that writes its requests byte for byte. */
async function start(t: ExecutionContext) {
  const home = await startCloud(t, idp, json(200, {}))
  const proxy = await startProxy(t, { clouds: [home] })
  return { home, proxy, send: (head: string, body = '') => sendTo(proxy.url, head, body) }
}

function sendTo(url: string, head: string, body = ''): Promise<string> {
  const lines = head.split('\n').map(line => line.trim())
  return say(url, `${lines.join('\r\n')}\r\nConnection: close\r\nX-Auth-Token: good\r\n\r\n${body}`)
}

const status = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])
const path = `/volume/v3/${alice}/volumes`

const malformed: [what: string, head: string, body?: string][] = [
  ['two Host headers', `GET ${path} HTTP/1.1\nHost: a\nHost: b`],
  ['one Host header twice', `GET ${path} HTTP/1.1\nHost: a\nhost: a`],
  ['two Host headers in HTTP/1.0', `GET ${path} HTTP/1.0\nHost: a\nHost: b`],
  ['a Host with a path', `GET ${path} HTTP/1.1\nHost: a/b`],
  ['a Host with a user', `GET ${path} HTTP/1.1\nHost: u@a`],
  ['a Host with a space', `GET ${path} HTTP/1.1\nHost: a b`],
  ['a Host with a list', `GET ${path} HTTP/1.1\nHost: a,b`],
  ['a Host with a fragment', `GET ${path} HTTP/1.1\nHost: a#b`],
  ['a Host with an empty label', `GET ${path} HTTP/1.1\nHost: a..b`],
  ['a Host with a port that is none', `GET ${path} HTTP/1.1\nHost: a:8x`],
  ['an empty Host', `GET ${path} HTTP/1.1\nHost:`],
  ['no Host', `GET ${path} HTTP/1.1`],
  ['HTTP/2.0', `GET ${path} HTTP/2.0\nHost: a`],
  ['HTTP/0.9 with headers', `GET ${path} HTTP/0.9\nHost: a`],
  ['a coding before chunked', `POST ${path} HTTP/1.1\nHost: a\nTransfer-Encoding: gzip, chunked`],
  ['identity and chunked', `POST ${path} HTTP/1.1\nHost: a\nTransfer-Encoding: identity, chunked`],
  ['an empty coding', `POST ${path} HTTP/1.1\nHost: a\nTransfer-Encoding: ,chunked`],
  [
    'two Transfer-Encodings',
    `POST ${path} HTTP/1.1\nHost: a\nTransfer-Encoding: identity\nTransfer-Encoding: chunked`,
  ],
  ['chunked in HTTP/1.0', `POST ${path} HTTP/1.0\nHost: a\nTransfer-Encoding: chunked`],
  [
    'chunked and a length',
    `POST ${path} HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\nContent-Length: 5`,
  ],
  ['an absolute form without a host', `GET http://${path} HTTP/1.1\nHost: a`],
  ['an absolute form with a user', `GET http://u:p@a${path} HTTP/1.1\nHost: a`],
  ['an absolute form with a port that is none', `GET http://a:8x${path} HTTP/1.1\nHost: a`],
  ['an absolute form of another scheme', `GET ftp://a${path} HTTP/1.1\nHost: a`],
  ['an asterisk', 'GET * HTTP/1.1\nHost: a'],
]

for (const [what, head] of malformed) {
  test(`a request with ${what} is 400 and goes nowhere`, async t => {
    const { home, send } = await start(t)
    const answer = await send(head, '0\r\n\r\n')
    t.is(status(answer), 400)
    t.is(answer.split('HTTP/1.1 ').length, 2, 'one answer')
    t.deepEqual(home.seen, [])
  })
}

test('after a malformed request the next ones on its connection are rejected', async t => {
  const { home, proxy } = await start(t)
  const next = `GET ${path} HTTP/1.1\r\nHost: a\r\nX-Auth-Token: good\r\n\r\n`
  const bad = `POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`
  const answer = await say(proxy.url, bad + next)
  t.is(status(answer), 400)
  t.regex(answer, /\r\nConnection: close\r\n/i)
  t.deepEqual(home.seen, [])
})

test('a malformed request is logged, and the response says what is wrong', async t => {
  const { proxy, send } = await start(t)
  const answer = await send(`GET ${path} HTTP/1.1\nHost: a/b`)
  t.regex(answer, /The Host header must be a host name/)
  t.like(await proxy.access(), { status: 400, path, decision: null })
})

for (const scheme of ['http', 'HTTP', 'https']) {
  test(`a request line with an absolute ${scheme} URL is routed by its path`, async t => {
    const { home, send, proxy } = await start(t)
    t.is(status(await send(`GET ${scheme}://a:80${path}?limit=1 HTTP/1.1\nHost: b`)), 200)
    t.deepEqual(home.seen, [`GET /v3/${alice}/volumes?limit=1`])
    t.is(home.requests[0]?.headers['x-forwarded-host'], 'a:80')
    t.like(await proxy.access(), { path: `${path}?limit=1` })
  })
}

test('a path in absolute form is checked like any other', async t => {
  const { home, send } = await start(t)
  for (const target of ['/volume/v3/..%2fx', `//x${path}`, '/volume//v3', `${path}#x`]) {
    t.is(status(await send(`GET http://a${target} HTTP/1.1\nHost: a`)), 400, target)
  }
  t.is(status(await send('GET http://a HTTP/1.1\nHost: a')), 404)
  t.is(status(await send('GET http://a?x HTTP/1.1\nHost: a')), 404)
  t.deepEqual(home.seen, [])
})

test('/healthcheck works in absolute form, and rejects malformed requests', async t => {
  const { send } = await start(t)
  t.is(status(await send('GET http://a/healthcheck HTTP/1.1\nHost: a')), 200)
  t.is(status(await send('GET http://a/healthcheck?x HTTP/1.0')), 200)
  t.is(status(await send('GET /healthcheck HTTP/1.1\nHost: a/b')), 400)
})

test('the port for operators accepts absolute forms, and rejects malformed requests', async t => {
  const logger = pino({ level: 'silent' })
  const parts = {
    health: () => ({ healthy: true, reasons: [] }),
    readiness: async () => ({ missing: [], degraded: [] }),
    metrics: async () => 'up 1\n',
    metricsType: 'text/plain',
    logger,
  }
  const ops = await openOps(createOpsApp(parts), { host: '127.0.0.1', port: 0 }, logger)
  t.teardown(async () => ops[Symbol.asyncDispose]())
  const url = `http://127.0.0.1:${ops.port}`
  t.regex(await sendTo(url, 'GET http://a/metrics HTTP/1.1\nHost: a'), /up 1/)
  t.is(status(await sendTo(url, 'GET /metrics HTTP/1.1\nHost: a\nHost: a')), 400)
})

test('a request with 900 headers is forwarded with all of them, one above the limit is rejected', async t => {
  const { home, send } = await start(t)
  const headers = (count: number) => Array.from({ length: count }, (_, n) => `a${n}: b`).join('\n')
  t.is(status(await send(`GET ${path} HTTP/1.1\nHost: a\n${headers(900)}`)), 200)
  t.is(home.requests[0]?.headers['a899'], 'b')
  t.is(status(await send(`GET ${path} HTTP/1.1\nHost: a\n${headers(MAX_HEADERS)}`)), 431)
  t.is(home.requests.length, 1)
})

test('an HTTP/1.0 request with Expect gets no 100 Continue, and its body is read', async t => {
  const { proxy } = await start(t)
  for (const [target, type] of [
    [`/image/v2/images/x/file`, 'application/octet-stream'],
    [path, 'application/json'],
  ]) {
    const answer = await new Promise<string>(resolve => {
      const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1')
      const chunks: string[] = []
      socket.on('data', chunk => chunks.push(String(chunk)))
      socket.once('close', () => resolve(chunks.join('')))
      socket.write(
        `POST ${target} HTTP/1.0\r\nHost: a\r\nX-Auth-Token: good\r\nContent-Type: ${type}\r\n` +
          'Expect: 100-continue\r\nContent-Length: 2\r\n\r\n',
      )
      setTimeout(() => socket.write('{}'), 50)
    })
    t.regex(answer, /^HTTP\/1\.1 200/)
  }
})
