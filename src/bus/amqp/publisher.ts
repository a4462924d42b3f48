import { appendFileSync } from 'node:fs'
import type { Channel, ConfirmChannel } from 'amqplib'
import { MixmatchError } from '../../errors.js'
import type { Event } from '../../event/event.js'
import { messageOf } from '../bus-status.js'
import type { RabbitUrl, TransportUrl } from '../transport-url.js'
import { type Connection, connectAny } from './broker-connection.js'

/** Where recorded notifications are published again. */
export interface Publisher extends AsyncDisposable {
  /** Publish one in the form in which it came. Resolves when there is room for the next. */
  publish(event: Event): Promise<void>
  /** Resolves when the bus has all that was published. */
  flush(): Promise<void>
}

/**
 * Open a bus for publishing what was recorded, for other consumers to be tried with.
 *
 * @throws BUS_UNREACHABLE where no host of the URL would have us, or the broker ends the connection
 */
export async function openPublisher(url: TransportUrl, signal: AbortSignal): Promise<Publisher> {
  return url.kind === 'file' ? filePublisher(url.path) : await amqpPublisher(url, signal)
}

/** The body as it stood on the wire, but for what was redacted. */
export function wireBody({ wire, body }: Event): string {
  return wire.envelope === '2.0'
    ? JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': body })
    : body
}

/** The form of recorded notifications, which a `file:` bus reads. */
function filePublisher(path: string): Publisher {
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

/** Published and not confirmed: as many as RabbitMQ takes at ease between two round trips. */
const MOST_UNCONFIRMED = 500

async function amqpPublisher(url: RabbitUrl, signal: AbortSignal): Promise<Publisher> {
  const reached = <Result>(work: Promise<Result>) =>
    work.catch(error => {
      throw new MixmatchError('BUS_UNREACHABLE', `RabbitMQ: ${messageOf(error)}`, { cause: error })
    })
  const connection = await reached(connecting(url, signal))
  connection.model.on('error', () => {}) // the publish that it breaks says so
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
      await declare(() => connection.model.createChannel(), channel, exchange)
      declared.add(exchange)
    }
    channel.publish(exchange, routingKey, Buffer.from(wireBody(event)), {
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      persistent: true,
    })
    unconfirmed += 1
    if (unconfirmed >= MOST_UNCONFIRMED) await flush()
  }
  return {
    publish: event => reached(publish(event)),
    flush: () => reached(flush()),
    async [Symbol.asyncDispose]() {
      await connection.close()
    },
  }
}

function connecting(url: RabbitUrl, signal: AbortSignal): Promise<Connection> {
  return connectAny(
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

/** As the services declare it, topic and not durable, where it is not there yet in any form. */
async function declare(
  open: () => Promise<Channel>,
  channel: ConfirmChannel,
  exchange: string,
): Promise<void> {
  if (exchange === '') return // the default exchange is always there
  const trial = await open() // a refusal closes the channel that it is asked on
  trial.on('error', () => {})
  try {
    await trial.checkExchange(exchange)
    await trial.close()
  } catch {
    await channel.assertExchange(exchange, 'topic', { durable: false })
  }
}
