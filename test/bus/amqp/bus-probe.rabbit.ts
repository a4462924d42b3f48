import test from 'ava'
import { probeBus } from '../../../src/bus/amqp/bus-probe.js'
import { until } from '../../until.js'
import { brokerUrl, startBroker, startListening } from './rabbit.js'

const url = process.env['MIXMATCH_TEST_AMQP_URL'] ?? ''
const seen = (queue: string, exchange: string) =>
  probeBus({
    url,
    exchanges: [exchange, 'mixmatch-test-no-such'],
    queue,
    tls: { caFile: null, insecure: false },
    connectTimeoutMs: 60_000,
  })

test('a probe finds the existing queue and exchanges, and declares nothing', async t => {
  t.is(brokerUrl().kind, 'rabbit')
  const broker = await startBroker(t)
  t.like(await seen(broker.queue, broker.exchange), { kind: 'rabbit', queue: null, exchanges: [] })
  t.like(await seen(broker.queue, broker.exchange), { kind: 'rabbit', queue: null, exchanges: [] })

  await broker.declareExchange({ durable: false })
  const { bus } = startListening(t, broker)
  await until('the bus is connected', () => bus.status().state === 'connected')
  t.like(await seen(broker.queue, broker.exchange), {
    queue: { messages: 0, consumers: 1 },
    exchanges: [broker.exchange],
  })
})

test('the error for a wrong password does not contain the password', async t => {
  const wrong = url.replace(/:[^:@/]+@/, ':not-it-at-all@')
  const probe = await probeBus({
    url: wrong,
    exchanges: [],
    queue: 'x',
    tls: { caFile: null, insecure: false },
    connectTimeoutMs: 60_000,
  })
  t.is(probe.kind, 'unreachable')
  t.regex(JSON.stringify(probe), /ACCESS.REFUSED/)
  t.notRegex(JSON.stringify(probe), /not-it-at-all/)
})
