import { appendFileSync } from 'node:fs'
import type { Channel, ConfirmChannel } from 'amqplib'
import { MixmatchError } from '../../errors.js'
import type { Event } from '../../event/event.js'
import { messageOf } from '../bus-status.js'
import type { RabbitUrl, TransportUrl } from '../transport-url.js'
import { type BrokerConnection, connectToCluster } from './broker-connection.js'

/** Publishes recorded notifications again. */
interface Publisher extends AsyncDisposable {
  /** Publish one in its original form. Resolves when the next one can be published. */
  publish(event: Event): Promise<void>
  /** Resolves when the bus has confirmed all published notifications. */
  flush(): Promise<void>
}

/**
 * Open a bus to publish recorded notifications to other consumers.
 *
 * @throws BUS_UNREACHABLE if no host of the URL accepts us, or if the broker ends the connection
 */
export async function openPublisher(url: TransportUrl, signal: AbortSignal): Promise<Publisher> {
  return url.kind === 'file' ? createFilePublisher(url.path) : await openAmqpPublisher(url, signal)
}

/** The body as it was published, except for what was redacted. */
export function wireBody({ wire, body }: Event): string {
  return wire.envelope === '2.0'
    ? JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': body })
    : body
}

/** Write notifications to a file, in the form that a `file:` bus reads. */
function createFilePublisher(path: string): Publisher {
  return {
    async publish(event) {
      const line = JSON.stringify({
        cloud: event.serviceProvider,
        exchange: event.wire.exchange,
        routing_key: event.wire.routingKey,
        properties: { content_type: 'application/json', content_encoding: 'utf-8', headers: {} },
        body: wireBody(event),
      })
      appendFileSync(path, `${line}\n`)
    },
    async flush() {},
    async [Symbol.asyncDispose]() {},
  }
}

/** The number of messages between two waits for confirmations: few enough for the buffers of RabbitMQ. */
const MAX_UNCONFIRMED = 500

async function openAmqpPublisher(url: RabbitUrl, signal: AbortSignal): Promise<Publisher> {
  const asUnreachable = <Result>(work: Promise<Result>) =>
    work.catch(error => {
      throw new MixmatchError('BUS_UNREACHABLE', `RabbitMQ: ${messageOf(error)}`, { cause: error })
    })
  const connection = await asUnreachable(connectPublisher(url, signal))
  connection.model.on('error', () => {}) // the failed publish reports the error
  const channel = await connection.model.createConfirmChannel()
  channel.on('error', () => {})
  const declared = new Set<string>()
  let unconfirmed = 0
  const flush = async () => {
    await channel.waitForConfirms()
    unconfirmed = 0
  }
  const publish = async (event: Event) => {
    const { exchange, routingKey } = event.wire
    if (!declared.has(exchange)) {
      await declareIfMissing(() => connection.model.createChannel(), channel, exchange)
      declared.add(exchange)
    }
    channel.publish(exchange, routingKey, Buffer.from(wireBody(event)), {
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      persistent: true,
    })
    unconfirmed += 1
    if (unconfirmed >= MAX_UNCONFIRMED) await flush()
  }
  return {
    publish: event => asUnreachable(publish(event)),
    flush: () => asUnreachable(flush()),
    async [Symbol.asyncDispose]() {
      await connection.close()
    },
  }
}

function connectPublisher(url: RabbitUrl, signal: AbortSignal): Promise<BrokerConnection> {
  return connectToCluster(
    url,
    0,
    {
      heartbeatSeconds: 60,
      connectTimeoutMs: 10_000,
      tls: { caFile: null, insecure: false },
      name: 'mixmatch replay',
    },
    signal,
  )
}

/** Declare an exchange as the services do (topic, transient), if none has that name. */
async function declareIfMissing(
  open: () => Promise<Channel>,
  channel: ConfirmChannel,
  exchange: string,
): Promise<void> {
  if (exchange === '') return // the default exchange always exists
  const trial = await open() // an error closes its channel
  trial.on('error', () => {})
  try {
    await trial.checkExchange(exchange)
    await trial.close()
  } catch {
    await channel.assertExchange(exchange, 'topic', { durable: false })
  }
}
