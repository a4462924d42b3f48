import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import { listenToAmqp } from '../../../src/bus/amqp/amqp-bus.js'
import type { AmqpOptions } from '../../../src/bus/bus.js'
import { parseTransportUrl } from '../../../src/bus/transport-url.js'
import { cornmeal } from '../../controls.js'
import { untilTrue } from '../../until.js'

/** Tests with a broker that fails. Tests with a healthy broker need a real one (`*.rabbit.ts`). */

async function startServer(t: ExecutionContext, onConnection: (socket: Socket) => void) {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    onConnection(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, connections: () => sockets.size }
}

function listenTo(t: ExecutionContext, text: string, overrides: Partial<AmqpOptions> = {}) {
  const stop = new AbortController()
  const lines: string[] = []
  const url = parseTransportUrl(text)
  if (url.kind !== 'rabbit') throw new Error(`${text} is a file`)
  const bus = listenToAmqp(url, {
    serviceProvider: cornmeal,
    url: text,
    exchanges: ['glance'],
    knownExchanges: [],
    label: '',
    queue: { name: 'mixmatch', maxBytes: 0, expiresSeconds: 0 },
    tls: { caFile: null, insecure: false },
    onDeliveries: () => {},
    onBusEvent: () => {},
    logger: pino({ level: 'debug' }, { write: line => lines.push(line) }),
    signal: stop.signal,
    backoff: { firstMs: 5, capMs: 10 },
    connectTimeoutMs: 60_000,
    ...overrides,
  })
  t.teardown(async () => {
    stop.abort()
    await bus.stopped
  })
  return { bus, lines, stop }
}

test('a broker that is down is retried, and that is logged once', async t => {
  const { port, connections } = await startServer(t, socket => socket.destroy())
  const { bus, lines } = listenTo(t, `rabbit://u:s3cret@127.0.0.1:${port}/`)
  t.is(bus.status().state, 'connecting')
  await untilTrue(() => connections() >= 5)
  const { state, lastError, since } = bus.status()
  t.is(state, 'retrying')
  t.true(lastError?.includes(`127.0.0.1:${port}`))
  await untilTrue(() => connections() >= 10)
  t.is(bus.status().since, since)
  t.is(lines.filter(line => JSON.parse(line).level === 40).length, 1)
  t.notRegex(lines.join(), /s3cret/)
})

test('a broker that accepts a connection and does not answer times out', async t => {
  const { port, connections } = await startServer(t, () => {})
  const { bus } = listenTo(t, `rabbit://127.0.0.1:${port}/`, { connectTimeoutMs: 100 })
  await untilTrue(() => connections() >= 2)
  t.regex(bus.status().lastError ?? '', /TIMEDOUT/)
})

test('a server that does not speak AMQP is reported and retried', async t => {
  const { port } = await startServer(t, socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  const { bus } = listenTo(t, `rabbit://127.0.0.1:${port}/`)
  await untilTrue(() => bus.status().state === 'retrying')
  t.truthy(bus.status().lastError)
})

test('all hosts are tried before a pause, and the error has the answer of each', async t => {
  const one = await startServer(t, socket => socket.destroy())
  const two = await startServer(t, socket => socket.destroy())
  const { bus } = listenTo(t, `rabbit://127.0.0.1:${one.port},127.0.0.1:${two.port}/`, {
    backoff: { firstMs: 60_000, capMs: 60_000 },
  })
  await untilTrue(() => bus.status().state === 'retrying')
  t.deepEqual([one.connections(), two.connections()], [1, 1])
  t.true(bus.status().lastError?.includes(String(one.port)))
  t.true(bus.status().lastError?.includes(String(two.port)))
})

test('a bus can be stopped while it connects', async t => {
  const { port, connections } = await startServer(t, () => {})
  const { bus, stop } = listenTo(t, `rabbit://127.0.0.1:${port}/`)
  await untilTrue(() => connections() === 1)
  stop.abort()
  await bus.stopped
  t.is(bus.status().state, 'stopped')
})

test('a bus can be stopped while it waits for a retry', async t => {
  const { port } = await startServer(t, socket => socket.destroy())
  const { bus, stop } = listenTo(t, `rabbit://127.0.0.1:${port}/`, {
    backoff: { firstMs: 60_000, capMs: 60_000 },
  })
  await untilTrue(() => bus.status().state === 'retrying')
  stop.abort()
  await bus.stopped
  t.is(bus.status().state, 'stopped')
})

test('a missing authority file is reported, and retried until it exists', async t => {
  const { bus } = listenTo(t, 'amqps://127.0.0.1:1/?ssl_ca_file=/nonexistent/ca.pem')
  await untilTrue(() => bus.status().state === 'retrying')
  t.regex(bus.status().lastError ?? '', /ENOENT.*ca\.pem/)
})
