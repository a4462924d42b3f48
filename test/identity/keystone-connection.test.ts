import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import {
  type KeystoneConnectionOptions,
  openKeystoneConnection,
} from '../../src/identity/keystone-connection.js'
import { startSocket } from '../upstream/wire.js'

const key = new URL('./tls/key.pem', import.meta.url).pathname
const cert = new URL('./tls/cert.pem', import.meta.url).pathname

test('a redirect is returned, not followed', async t => {
  const paths: (string | undefined)[] = []
  const url = await serve(t, (request, response) => {
    paths.push(request.url)
    response.writeHead(302, { Location: '/elsewhere', 'Set-Cookie': ['a=1', 'b=2'] }).end()
  })
  const answer = await ask(t, `${url}/here`)
  t.is(answer.status, 302)
  t.is(answer.header('location'), '/elsewhere')
  t.is(answer.header('x-absent'), null)
  t.deepEqual(answer.setCookies, ['a=1', 'b=2'])
  t.deepEqual(paths, ['/here'])
})

test('interim responses of a Keystone are skipped, and a 304 may have a length', async t => {
  const interim = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-A: 1\r\n\r\n'
  for (const [final, status, body] of [
    ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 200, 'ok'],
    ['HTTP/1.1 304 Not Modified\r\nContent-Length: 70000\r\n\r\n', 304, ''],
  ] as const) {
    const url = await startSocket(t, socket =>
      socket.on('data', () => socket.write(`${interim}${interim}${final}`)),
    )
    const connection = open({})
    t.teardown(connection.close)
    for (const method of ['GET', 'POST', 'GET'] as const) {
      const answer = await connection.send({ step: 'testing', method, url, headers: {}, body: 'x' })
      t.is(answer.status, status)
      t.is(answer.body.toString(), body)
    }
  }
})

test('a 502, 503 or 504 of a gateway is an unreachable Keystone', async t => {
  for (const status of [502, 503, 504]) {
    const url = await serve(t, (_, response) => response.writeHead(status).end())
    await t.throwsAsync(ask(t, url), {
      code: 'SERVICE_PROVIDER_UNREACHABLE',
      message: /"sp1".*testing/,
    })
  }
  const url = await serve(t, (_, response) => response.writeHead(500).end())
  t.is((await ask(t, url)).status, 500)
})

test('a closed port is unreachable, and the error says why', async t => {
  const url = await serve(t, () => undefined)
  await t.throwsAsync(ask(t, url.replace(/:\d+$/, ':1')), {
    code: 'SERVICE_PROVIDER_UNREACHABLE',
    message: /GET http:\/\/127\.0\.0\.1:1\/?: ECONNREFUSED/,
  })
})

test('a Keystone that never responds times out', async t => {
  const url = await serve(t, () => undefined)
  await t.throwsAsync(ask(t, url, { responseTimeoutMs: 50 }), {
    code: 'SERVICE_PROVIDER_TIMEOUT',
    message: /no answer within 50 ms/,
  })
})

test('a Keystone that sends its response too slowly times out', async t => {
  const url = await serve(t, (_, response) => {
    const drip = setInterval(() => response.write('.'), 10)
    response.once('close', () => clearInterval(drip))
  })
  await t.throwsAsync(ask(t, url, { responseTimeoutMs: 200 }), { code: 'SERVICE_PROVIDER_TIMEOUT' })
})

test('a response that is too long is not read to its end', async t => {
  const url = await serve(t, (_, response) => response.end(Buffer.alloc(5 * 1024 * 1024)))
  await t.throwsAsync(ask(t, url), { code: 'SERVICE_PROVIDER_UNREACHABLE' })
})

test('a request on a connection that was closed is sent again', async t => {
  let requests = 0
  const url = await serve(t, (request, response) => {
    requests += 1
    if (requests === 1) request.socket.destroy()
    else response.end('here')
  })
  const answer = await ask(t, url)
  t.is(answer.body.toString(), 'here')
  t.is(requests, 2)
})

test('a request is sent twice at most to a Keystone that closes every connection', async t => {
  let requests = 0
  const url = await serve(t, request => {
    requests += 1
    request.socket.destroy()
  })
  await t.throwsAsync(ask(t, url), { code: 'SERVICE_PROVIDER_UNREACHABLE' })
  t.is(requests, 2)
})

test('a certificate is trusted by cafile or with insecure', async t => {
  const url = await serveTls(t, (_, response) => response.end('here'))
  await t.throwsAsync(ask(t, url), {
    code: 'SERVICE_PROVIDER_UNREACHABLE',
    message: /DEPTH_ZERO_SELF_SIGNED_CERT/,
  })
  t.is((await ask(t, url, { cafile: cert })).status, 200)
  t.is((await ask(t, url, { insecure: true })).status, 200)
})

test('a cafile that cannot be read is an error at once', t => {
  t.throws(() => open({ cafile: '/nowhere/ca.pem' }), {
    code: 'CONFIG_INVALID',
    message: /"sp1".*\/nowhere\/ca\.pem/,
  })
})

function open(options: Partial<KeystoneConnectionOptions>) {
  return openKeystoneConnection({
    peer: 'Service provider "sp1"',
    faults: { unreachable: 'SERVICE_PROVIDER_UNREACHABLE', timeout: 'SERVICE_PROVIDER_TIMEOUT' },
    connectTimeoutMs: 5_000,
    responseTimeoutMs: 20_000,
    ...options,
  })
}

async function ask(
  t: ExecutionContext,
  url: string,
  options: Partial<KeystoneConnectionOptions> = {},
) {
  const connection = open(options)
  t.teardown(connection.close)
  return connection.send({ step: 'testing', method: 'GET', url, headers: {} })
}

function serve(t: ExecutionContext, listener: RequestListener): Promise<string> {
  return listen(t, createServer(listener), 'http')
}

function serveTls(t: ExecutionContext, listener: RequestListener): Promise<string> {
  const tls = { key: readFileSync(key), cert: readFileSync(cert) }
  return listen(t, createTlsServer(tls, listener), 'https')
}

async function listen(
  t: ExecutionContext,
  server: Server & { closeAllConnections(): void },
  scheme: string,
): Promise<string> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`
}
