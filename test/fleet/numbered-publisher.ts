import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib'
import { toMessage } from '../../sandbox/bus/message.js'
import { type AmqpAddress, EXCHANGES } from '../../sandbox/bus/sandbox-bus.js'
import { microClock } from '../../sandbox/clock.js'

/** A service that publishes numbered notifications on the bus of one cloud: volume 1, volume 2, … */
export interface NumberedPublisher {
  /** How many were published so far. */
  published(): number
  /** Publish the next notifications. Resolves when the broker has confirmed them. */
  publish(count: number): Promise<void>
  close(): Promise<void>
}

/** The id of the numbered volume of a cloud. No two clouds have a common id. */
export function numberedVolume(cloud: string, number: number): string {
  const prefix = Buffer.from(cloud.padEnd(4, '-').slice(0, 4)).toString('hex')
  return `${prefix}-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
}

/** @throws Error if the broker does not answer */
export async function openNumberedPublisher(
  cloud: string,
  project: string,
  address: AmqpAddress,
): Promise<NumberedPublisher> {
  const connection: ChannelModel = await connect({ protocol: 'amqp', ...address })
  connection.on('error', () => {}) // the publish that fails because of it reports the error
  const channel: ConfirmChannel = await connection.createConfirmChannel()
  for (const exchange of EXCHANGES)
    await channel.assertExchange(exchange, 'topic', { durable: false })
  let published = 0
  return {
    published: () => published,
    async publish(count) {
      for (const last = published + count; published < last; ) {
        published += 1
        const { exchange, routing_key, properties, body } = notification(cloud, project, published)
        channel.publish(exchange, routing_key, Buffer.from(body), {
          contentType: properties.content_type,
          contentEncoding: properties.content_encoding,
          persistent: true,
        })
      }
      await channel.waitForConfirms()
    },
    close: () => connection.close(),
  }
}

function notification(cloud: string, project: string, number: number) {
  return toMessage(cloud, {
    exchange: 'openstack',
    priority: 'info',
    publisherId: `volume.${cloud}@lvm#lvm`,
    eventType: 'volume.create.end',
    at: microClock(),
    payload: {
      tenant_id: project,
      host: `${cloud}@lvm#lvm`,
      availability_zone: 'nova',
      volume_id: numberedVolume(cloud, number),
      volume_type: 'lvm',
      display_name: `volume ${number}`,
      status: 'available',
      size: 1,
      metadata: [],
      volume_attachment: [],
    },
  })
}
