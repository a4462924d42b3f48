import test from 'ava'
import { openPublisher, wireBody } from '../../../src/bus/amqp/publisher.js'
import { event } from '../../controls.js'
import { until } from '../../until.js'
import { startBroker, startListening } from './rabbit.js'

test('recorded notifications are published in their original order and form', async t => {
  const broker = await startBroker(t)
  await broker.declareExchange({ durable: true })
  const listening = startListening(t, broker)
  await until('the bus is connected', () => listening.bus.status().state === 'connected')

  const events = Array.from({ length: 1200 }, (_, index) =>
    event({
      wire: {
        exchange: broker.exchange,
        routingKey: 'notifications.info',
        envelope: index % 2 === 0 ? '2.0' : '1.0',
      },
    }),
  )
  const publisher = await openPublisher(broker.url, new AbortController().signal)
  for (const each of events) await publisher.publish(each)
  await publisher.flush()
  await publisher[Symbol.asyncDispose]()
  await until('all is taken', () => listening.taken.length === events.length)
  t.deepEqual(listening.taken, events.map(wireBody))
})

test('the publisher declares a missing exchange as the services do', async t => {
  const broker = await startBroker(t)
  const publisher = await openPublisher(broker.url, new AbortController().signal)
  const wire = {
    exchange: broker.exchange,
    routingKey: 'notifications.info',
    envelope: '2.0',
  } as const
  await publisher.publish(event({ wire }))
  await publisher.flush()
  await publisher[Symbol.asyncDispose]()
  await t.notThrowsAsync(broker.declareExchange({ durable: false }))
})
