import { appendFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib'
import type { Message } from './message.js'

/** Where a miniature cloud's notifications go. */
export interface Bus {
  /** The transport URL by which they are listened to: `[sp_…] messagebus`. */
  readonly messagebus: string
  /** Resolves when the bus has the message. */
  publish(message: Message): Promise<void>
  close(): Promise<void>
}

/** A file of recorded notifications, one JSON object a line, that grows. */
export function openFileBus(path: string): Bus {
  writeFileSync(path, '', { mode: 0o600 })
  return {
    messagebus: pathToFileURL(path).href,
    // At once: who reads the file sees the messages in the order in which they were published.
    publish: async message => appendFileSync(path, `${JSON.stringify(message)}\n`),
    close: async () => {},
  }
}

/** RabbitMQ, used as oslo.messaging uses it. */
export interface AmqpAddress {
  readonly hostname: string
  readonly port: number
  readonly username: string
  readonly password: string
  readonly vhost: string
}

/** Where Glance and Cinder publish. */
export const EXCHANGES = ['glance', 'openstack'] as const

/** @throws Error where RabbitMQ does not answer or refuses */
export async function openAmqpBus(address: AmqpAddress): Promise<Bus> {
  const { hostname, port, username, password, vhost } = address
  const connection = await connect({ protocol: 'amqp', ...address })
  connection.on('error', () => {}) // the publish that it breaks says so
  const channel = await connection.createConfirmChannel()
  channel.on('error', () => {})
  // As services do when they start: who listens can bind a queue before the first notification.
  for (const exchange of EXCHANGES)
    await channel.assertExchange(exchange, 'topic', { durable: false })
  const credentials = `${encodeURIComponent(username)}:${encodeURIComponent(password)}`
  return {
    messagebus: `rabbit://${credentials}@${hostname}:${port}/${encodeURIComponent(vhost)}`,
    publish: message => publish(channel, message),
    close: () => close(connection),
  }
}

/**
 * oslo.messaging declares exchange and queue before each message: a topic exchange and a queue named
 * like the routing key, neither durable. Nobody consumes that queue here, as in clouds without telemetry.
 */
async function publish(channel: ConfirmChannel, message: Message): Promise<void> {
  const { exchange, routing_key: key, properties, body } = message
  await channel.assertExchange(exchange, 'topic', { durable: false })
  await channel.assertQueue(key, { durable: false })
  await channel.bindQueue(key, exchange, key)
  channel.publish(exchange, key, Buffer.from(body), {
    contentType: properties.content_type,
    contentEncoding: properties.content_encoding,
    headers: properties.headers,
    persistent: properties.delivery_mode === 2,
    priority: properties.priority,
  })
  await channel.waitForConfirms()
}

async function close(connection: ChannelModel): Promise<void> {
  try {
    await connection.close()
  } catch {
    // RabbitMQ was there first: it is being stopped, too.
  }
}
