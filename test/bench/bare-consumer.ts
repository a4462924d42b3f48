import { connect } from 'amqplib'
import { consumeMessage } from './messages.js'

/** A consumer that stores nothing: what RabbitMQ and amqplib alone take. */

const PREFETCH = 1000
const ACKNOWLEDGE = 250

process.on('message', async message => {
  const { url, queue, count } = consumeMessage.parse(message)
  const connection = await connect(url)
  const channel = await connection.createChannel()
  await channel.prefetch(PREFETCH)
  const begun = performance.now()
  let received = 0
  await channel.consume(queue, delivery => {
    received += 1
    if (delivery && (received % ACKNOWLEDGE === 0 || received === count)) {
      channel.ack(delivery, true)
    }
    if (received === count) process.send?.({ seconds: (performance.now() - begun) / 1000 })
  })
})
process.on('disconnect', () => process.exit())
