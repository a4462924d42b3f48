import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { type Channel, connect } from 'amqplib'
import type { ExecutionContext } from 'ava'
import { pino } from 'pino'
import { listenToAmqp } from '../../../src/bus/amqp/amqp-bus.js'
import type { AmqpOptions, Bus } from '../../../src/bus/bus.js'
import type { Delivery } from '../../../src/bus/delivery.js'
import { parseTransportUrl, type RabbitUrl } from '../../../src/bus/transport-url.js'
import type { Event } from '../../../src/event/event.js'
import { cornmeal } from '../../controls.js'

/** A real RabbitMQ, with names that only this test uses, and a service that publishes to it. */
export interface Broker {
  readonly url: RabbitUrl
  readonly exchange: string
  readonly queue: string
  declareExchange(options: { durable: boolean; autoDelete?: boolean }): Promise<void>
  deleteExchange(): Promise<void>
  deleteQueue(): Promise<void>
  publish(...texts: readonly string[]): Promise<void>
  /** The number of messages in our queue that were not delivered. */
  waiting(): Promise<number>
}

export function brokerUrl(): RabbitUrl {
  const text = process.env['MIXMATCH_TEST_AMQP_URL']
  if (!text) {
    throw new Error(
      'MIXMATCH_TEST_AMQP_URL is not set: expected the transport URL of a RabbitMQ to test against, ' +
        'such as rabbit://user:password@127.0.0.1:5672/',
    )
  }
  const url = parseTransportUrl(text)
  if (url.kind !== 'rabbit') throw new Error('MIXMATCH_TEST_AMQP_URL is not a rabbit:// URL')
  return url
}

export async function startBroker(t: ExecutionContext): Promise<Broker> {
  const url = brokerUrl()
  const [host] = url.hosts
  if (!host) throw new Error('MIXMATCH_TEST_AMQP_URL names no host')
  const suffix = randomBytes(6).toString('hex')
  const exchange = `mixmatch-test-${suffix}`
  const queue = `mixmatch-test.${suffix}.notifications`
  const model = await connect({ ...host, vhost: encodeURIComponent(url.virtualHost) })
  const using = async <Value>(act: (channel: Channel) => Promise<Value>): Promise<Value> => {
    const channel = await model.createChannel()
    channel.on('error', () => {})
    const value = await act(channel)
    await channel.close()
    return value
  }
  const publisher = await model.createConfirmChannel()
  t.teardown(async () => {
    await using(channel => channel.deleteQueue(queue))
    await using(channel => channel.deleteExchange(exchange))
    await model.close()
  })
  return {
    url,
    exchange,
    queue,
    declareExchange: async options => {
      await using(channel => channel.assertExchange(exchange, 'topic', options))
    },
    deleteExchange: async () => {
      await using(channel => channel.deleteExchange(exchange))
    },
    deleteQueue: async () => {
      await using(channel => channel.deleteQueue(queue))
    },
    async publish(...texts) {
      for (const text of texts) {
        publisher.publish(exchange, 'notifications.info', Buffer.from(text), { persistent: true })
      }
      await publisher.waitForConfirms()
    },
    waiting: async () => (await using(channel => channel.checkQueue(queue))).messageCount,
  }
}

/** The deliveries, events and log lines of a bus. */
export interface Listening {
  readonly bus: Bus
  readonly busEvents: Event[]
  /** The delivered bodies, as text, in order. */
  readonly taken: string[]
  readonly batches: number[]
  /** The log's lines. */
  readonly lines: string[]
  stop(): Promise<void>
}

/** Listen with short timeouts until the end of the test. */
export function startListening(
  t: ExecutionContext,
  { url, exchange, queue }: Pick<Broker, 'url' | 'exchange' | 'queue'>,
  overrides: Partial<AmqpOptions> = {},
): Listening {
  const stop = new AbortController()
  const busEvents: Event[] = []
  const taken: string[] = []
  const batches: number[] = []
  const lines: string[] = []
  const { onDeliveries = () => {} } = overrides
  const bus = listenToAmqp(url, {
    serviceProvider: cornmeal,
    url: '',
    exchanges: [exchange],
    knownExchanges: [],
    label: '',
    queue: { name: queue, maxBytes: 0, expiresSeconds: 300 },
    tls: { caFile: null, insecure: false },
    onBusEvent: event => {
      busEvents.push(event)
    },
    logger: pino({ level: 'debug' }, { write: line => lines.push(line) }),
    signal: stop.signal,
    backoff: { firstMs: 20, capMs: 100 },
    recheckMs: 50,
    ...overrides,
    async onDeliveries(batch: readonly Delivery[]) {
      await onDeliveries(batch)
      batches.push(batch.length)
      taken.push(...batch.map(({ body }) => body.toString()))
    },
  })
  const stopAndWait = async () => {
    stop.abort()
    await bus.stopped
  }
  t.teardown(stopAndWait)
  return { bus, busEvents, taken, batches, lines, stop: stopAndWait }
}

/** A TCP proxy in front of a server. When it is shut, all its connections break and new ones fail. */
export interface Relay {
  readonly port: number
  cut(): void
  mend(): void
  /** Forward nothing any more, but keep the connections open: a silent network failure. */
  freeze(): void
}

interface Address {
  readonly hostname: string
  readonly port: number
}

/**
 * @param t the test that owns it; a relay for several tests is owned by something that closes it later
 * @param tls a key and a certificate, for TLS on the side of the client
 */
export async function startRelay(
  t: Pick<ExecutionContext, 'teardown'>,
  to: Address,
  tls?: { readonly key: Buffer; readonly cert: Buffer },
): Promise<Relay> {
  const sockets = new Set<Socket>()
  let open = true
  const relay = (near: Socket) => {
    if (!open) {
      near.destroy()
      return
    }
    const far = connectSocket(to.port, to.hostname)
    tie(near, far)
    tie(far, near)
  }
  const tie = (one: Socket, other: Socket) => {
    sockets.add(one)
    one.on('error', () => other.destroy())
    one.on('close', () => {
      sockets.delete(one)
      other.destroy()
    })
    one.pipe(other)
  }
  const server = tls ? createTlsServer(tls, relay) : createServer(relay)
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    open = false
    for (const socket of sockets) socket.destroy()
  }
  t.teardown(() => {
    cut()
    server.close()
  })
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    mend() {
      open = true
    },
    freeze() {
      for (const socket of sockets) socket.unpipe().pause()
    },
  }
}

/** The first host of the broker. The tests publish to this host. */
export function hostOf({ hosts: [host] }: RabbitUrl): Address {
  if (!host) throw new Error('a RabbitUrl has at least one host')
  return host
}

/** The URL of the same broker at another address. */
export function through(url: RabbitUrl, ...ports: readonly number[]): RabbitUrl {
  const [host] = url.hosts
  if (!host) throw new Error('a RabbitUrl has at least one host')
  return { ...url, hosts: ports.map(port => ({ ...host, hostname: '127.0.0.1', port })) }
}
