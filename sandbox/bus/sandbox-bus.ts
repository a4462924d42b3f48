import { appendFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib'
import type { Message } from './message.js'

/** The notification bus of one miniature cloud. */
export interface Bus {
  /** The transport URL for consumers: the value of `[sp_…] messagebus`. */
  readonly messagebus: string
  /** Resolves when the bus has accepted the message. */
  publish(message: Message): Promise<void>
  close(): Promise<void>
}

/** A file of recorded notifications, one JSON object a line, that grows. */
export function openFileBus(path: string): Bus {
  writeFileSync(path, '', { mode: 0o600 })
  return {
    messagebus: pathToFileURL(path).href,
    // Synchronous, so that readers of the file see the messages in the order of publishing.
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

/** @throws Error if RabbitMQ does not answer or refuses the login */
export async function openAmqpBus(address: AmqpAddress): Promise<Bus> {
  const { hostname, port, username, password, vhost } = address
  const connection = await connect({ protocol: 'amqp', ...address })
  connection.on('error', () => {}) // the publish that fails because of it reports the error
  const channel = await connection.createConfirmChannel()
  channel.on('error', () => {})
  // Services declare their exchange at start, so a consumer can bind before the first notification.
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
 * like the routing key, neither durable. Nobody consumes that queue here, as in a cloud without telemetry.
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
    // RabbitMQ closed the connection first, because it is being stopped as well.
  }
}
