import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { ownEventTypes } from '../../../src/event/event.js'
import { folder } from '../../controls.js'
import { until } from '../../until.js'
import {
  brokerUrl,
  hostOf,
  type Listening,
  startBroker,
  startListening,
  startRelay,
  through,
} from './rabbit.js'

const numbers = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => String(from + index))

const connected = ({ bus }: Listening) =>
  until('the bus is connected', () => bus.status().state === 'connected')

const typesOf = ({ busEvents }: Listening) => busEvents.map(({ eventType }) => eventType)

/** A silent connection that has its own heartbeat lives longer than this. */
const HEARTBEAT_MS = 60_000

const gapOf = ({ busEvents }: Listening, type: string) =>
  JSON.parse(busEvents.findLast(({ eventType }) => eventType === type)?.body ?? '{}').possible_gap

test.before('RabbitMQ is available for the tests', () => {
  brokerUrl()
})

test('messages are delivered in batches and in order, and are acknowledged', async t => {
  const broker = await startBroker(t)
  await broker.declareExchange({ durable: false })
  const listening = startListening(t, broker)
  await connected(listening)
  await broker.publish(...numbers(3000))
  await until('all have come', () => listening.taken.length === 3000)
  t.deepEqual(listening.taken, numbers(3000))
  t.true(Math.max(...listening.batches) <= 1000)
  t.true(listening.batches.length < 1000)
  t.is(listening.bus.status().delivered, 3000)
  await listening.stop()
  t.is(await broker.waiting(), 0)
  t.is(listening.bus.status().state, 'stopped')
})

test('the status of a bus has the number of messages that wait in its queue', async t => {
  const broker = await startBroker(t)
  await broker.declareExchange({ durable: false })
  let commit = () => {}
  const committed = new Promise<void>(resolve => {
    commit = resolve
  })
  const listening = startListening(t, broker, { onDeliveries: () => committed })
  await connected(listening)
  await broker.publish(...numbers(20_000)) // more than are delivered before the first is acknowledged
  const { status } = listening.bus
  await until('many are known to wait', () => (status().waiting ?? 0) > 10_000)
  t.is(listening.taken.length, 0)
  commit()
  await until('none is known to wait', () => status().waiting === 0)
  t.is(listening.bus.status().state, 'connected')
})

test('a message that was not committed is not acknowledged, and is redelivered after a crash', async t => {
  const broker = await startBroker(t)
  await broker.declareExchange({ durable: false })
  const relay = await startRelay(t, hostOf(broker.url))
  const delivered = withResolvers()
  const end = withResolvers()
  const crashing = startListening(
    t,
    { ...broker, url: through(broker.url, relay.port) },
    {
      onDeliveries() {
        delivered.resolve()
        return end.promise
      },
    },
  )
  t.teardown(end.resolve)
  await connected(crashing)
  await broker.publish(...numbers(10))
  await delivered.promise
  relay.cut()
  await until('the broker has them back', async () => (await broker.waiting()) === 10)

  const next = startListening(t, broker)
  await until('they have come', () => next.taken.length === 10)
  t.deepEqual(next.taken, numbers(10))
})

test('when a batch cannot be committed, the bus is reconnected and redelivers it', async t => {
  const broker = await startBroker(t)
  await broker.declareExchange({ durable: false })
  let refusals = 3
  const listening = startListening(t, broker, {
    onDeliveries() {
      if (refusals === 0) return
      refusals -= 1
      throw new Error('the disk is full')
    },
  })
  await connected(listening)
  await broker.publish('once')
  await until('it was taken', () => listening.taken.length === 1)
  t.is(refusals, 0)
  t.deepEqual(listening.taken, ['once'])
  t.true(typesOf(listening).filter(type => type === ownEventTypes.busLost).length >= 3)
  await listening.stop()
  t.is(await broker.waiting(), 0)
})

test('no message of a batch is acknowledged before the batch is committed', async t => {
  const broker = await startBroker(t)
  await broker.declareExchange({ durable: false })
  const delivered = withResolvers()
  const commit = withResolvers()
  const listening = startListening(t, broker, {
    onDeliveries() {
      delivered.resolve()
      return commit.promise
    },
  })
  t.teardown(commit.resolve)
  await connected(listening)
  await broker.publish(...numbers(5))
  await delivered.promise
  await sleep(50)
  t.is(listening.bus.status().delivered, 0)
  const stopped = listening.stop()
  await sleep(50)
  t.not(listening.bus.status().state, 'stopped')
  commit.resolve()
  await stopped
  t.deepEqual(listening.taken, numbers(5))
  t.is(await broker.waiting(), 0)
})

test('messages that are published while the connection is broken stay in the queue', async t => {
  const broker = await startBroker(t)
  await broker.declareExchange({ durable: false })
  const relay = await startRelay(t, hostOf(broker.url))
  const listening = startListening(t, { ...broker, url: through(broker.url, relay.port) })
  await connected(listening)
  relay.cut()
  await until('the loss is seen', () => listening.bus.status().state === 'retrying')
  await broker.publish('meanwhile')
  await until(
    'it was tried again',
    () => listening.lines.filter(line => line.includes('bus lost')).length > 1,
  )
  t.truthy(listening.bus.status().lastError)
  relay.mend()
  await until('it has come', () => listening.taken.length === 1)
  t.deepEqual(listening.taken, ['meanwhile'])
  t.deepEqual(typesOf(listening), [
    ownEventTypes.busConnected,
    ownEventTypes.queueDeclared,
    ownEventTypes.exchangeTransient,
    ownEventTypes.busLost,
    ownEventTypes.busConnected,
  ])
  const gap = gapOf(listening, ownEventTypes.busConnected)
  t.true(gap.from < gap.to)
})

test('an exchange that a restart of the broker deleted is declared again with its durability, and the gap is recorded', async t => {
  const broker = await startBroker(t)
  await broker.declareExchange({ durable: false })
  const relay = await startRelay(t, hostOf(broker.url))
  const url = through(broker.url, relay.port)
  const listening = startListening(t, { ...broker, url }, { recheckMs: 60_000 })
  await connected(listening)
  relay.cut()
  await until('the loss is seen', () => listening.bus.status().state === 'retrying')
  await broker.deleteExchange()
  relay.mend()
  await connected(listening)
  await broker.publish('after')
  await until('it has come', () => listening.taken.length === 1)
  t.deepEqual(typesOf(listening).slice(-3), [
    ownEventTypes.busLost,
    ownEventTypes.busConnected,
    ownEventTypes.exchangeRedeclared,
  ])
  const gap = gapOf(listening, ownEventTypes.exchangeRedeclared)
  t.true(gap.from < gap.to)
  await t.notThrowsAsync(broker.declareExchange({ durable: false }))
})

test('a silent connection is ended by its heartbeat', async t => {
  const broker = await startBroker(t)
  const relay = await startRelay(t, hostOf(broker.url))
  const url = through(broker.url, relay.port)
  const listening = startListening(
    t,
    { ...broker, url },
    { heartbeatSeconds: 1, recheckMs: 60_000 },
  )
  await connected(listening)
  relay.freeze()
  // the state itself can be `connected` again before anybody has looked
  await until('the connection is replaced', () =>
    typesOf(listening).join().includes(`${ownEventTypes.busLost},${ownEventTypes.busConnected}`),
  )
  await connected(listening)
  t.pass()
})

test('a silent broker does not prevent a stop', async t => {
  const broker = await startBroker(t)
  await broker.declareExchange({ durable: false })
  const relay = await startRelay(t, hostOf(broker.url))
  const url = through(broker.url, relay.port)
  const listening = startListening(
    t,
    { ...broker, url },
    { recheckMs: 60_000, closeTimeoutMs: 100 },
  )
  await connected(listening)
  relay.freeze()
  const began = performance.now()
  await listening.stop()
  t.true(performance.now() - began < HEARTBEAT_MS, 'not the heartbeat has ended the connection')
})

test('TLS trusts only the configured authority, unless it is insecure', async t => {
  const broker = await startBroker(t)
  await broker.declareExchange({ durable: false })
  const certificate = makeCertificate(t)
  const relay = await startRelay(t, hostOf(broker.url), certificate)
  const url = { ...through(broker.url, relay.port), tls: true }
  const { caFile } = certificate

  const strange = startListening(t, { ...broker, url })
  await until('it is refused', () => strange.bus.status().state === 'retrying')
  t.regex(strange.bus.status().lastError ?? '', /self-signed/)
  await strange.stop()

  await connected(startListening(t, { ...broker, url }, { tls: { caFile, insecure: false } }))
  await connected(startListening(t, { ...broker, url: { ...url, caFile } }))
  await connected(startListening(t, { ...broker, url }, { tls: { caFile: null, insecure: true } }))
})

test('an exchange that a service declares later is bound, and not declared by us', async t => {
  const broker = await startBroker(t)
  const listening = startListening(t, broker)
  await connected(listening)
  t.deepEqual(listening.bus.status().missing, [broker.exchange])
  await broker.declareExchange({ durable: true }) // the broker would reject this if we had declared it
  await until('it is bound', () => listening.bus.status().missing.length === 0)
  await broker.publish('first')
  await until('it has come', () => listening.taken.length === 1)
  t.true(typesOf(listening).includes(ownEventTypes.exchangeDurable))
  t.truthy(gapOf(listening, ownEventTypes.exchangeDurable).from)
})

for (const durable of [true, false]) {
  const word = durable ? 'durable' : 'transient'
  test(`a ${word} exchange is found to be ${word}, and not changed`, async t => {
    const broker = await startBroker(t)
    await broker.declareExchange({ durable })
    const listening = startListening(t, broker)
    await connected(listening)
    const type = durable ? ownEventTypes.exchangeDurable : ownEventTypes.exchangeTransient
    const fact = listening.busEvents.find(({ eventType }) => eventType === type)
    t.is(fact?.wire.exchange, broker.exchange)
    t.is(fact?.source, 'recorder')
    await t.notThrowsAsync(broker.declareExchange({ durable }))
  })

  test(`a ${word} exchange that the broker lost is declared as it was, and the gap is recorded`, async t => {
    const broker = await startBroker(t)
    const listening = startListening(t, broker, {
      knownExchanges: [{ bus: '', name: broker.exchange, durable }],
    })
    await connected(listening)
    t.deepEqual(listening.bus.status().missing, [])
    await broker.publish('after')
    await until('it has come', () => listening.taken.length === 1)
    const fact = listening.busEvents.find(
      ({ eventType }) => eventType === ownEventTypes.exchangeRedeclared,
    )
    t.is(fact?.wire.exchange, broker.exchange)
    t.is(gapOf(listening, ownEventTypes.exchangeRedeclared).from, null)
    await t.notThrowsAsync(broker.declareExchange({ durable }))
  })
}

test('a changed durability of an exchange is recorded', async t => {
  const broker = await startBroker(t)
  await broker.declareExchange({ durable: true })
  const listening = startListening(t, broker, {
    knownExchanges: [{ bus: '', name: broker.exchange, durable: false }],
  })
  await connected(listening)
  t.true(typesOf(listening).includes(ownEventTypes.exchangeDurable))
  await broker.publish('heard')
  await until('it has come', () => listening.taken.length === 1)
})

test('an exchange with attributes that no service uses is bound, and never declared again', async t => {
  const broker = await startBroker(t)
  await broker.declareExchange({ durable: false, autoDelete: true })
  const listening = startListening(t, broker)
  await connected(listening)
  await broker.publish('heard')
  await until('it has come', () => listening.taken.length === 1)
  t.deepEqual(typesOf(listening), [ownEventTypes.busConnected, ownEventTypes.queueDeclared])
})

test('an exchange that is deleted and declared again is bound again', async t => {
  const broker = await startBroker(t)
  await broker.declareExchange({ durable: false })
  const listening = startListening(t, broker)
  await connected(listening)
  await broker.deleteExchange()
  await until('it is missed', () => listening.bus.status().missing.length === 1)
  await sleep(150) // enough time to declare it again by mistake: then the next line would fail
  await broker.declareExchange({ durable: true })
  await until('it is bound', () => listening.bus.status().missing.length === 0)
  await broker.publish('again')
  await until('it has come', () => listening.taken.length === 1)
  t.is(typesOf(listening).at(-1), ownEventTypes.exchangeDurable)
})

test('an exchange that was declared again between two checks is bound again', async t => {
  const broker = await startBroker(t)
  await broker.declareExchange({ durable: false })
  const listening = startListening(t, broker)
  await connected(listening)
  await broker.deleteExchange()
  await broker.declareExchange({ durable: false })
  await until('a message comes', async () => {
    await broker.publish('again')
    return listening.taken.length > 0
  })
  await until('it is not missed', () => listening.bus.status().missing.length === 0)
  t.pass()
})

test('a queue that is deleted while we consume is declared again, and the gap is recorded', async t => {
  const broker = await startBroker(t)
  await broker.declareExchange({ durable: false })
  const listening = startListening(t, broker)
  await connected(listening)
  await broker.deleteQueue()
  const declarations = () =>
    typesOf(listening).filter(type => type === ownEventTypes.queueDeclared).length
  await until('it is declared anew', () => declarations() === 2)
  t.truthy(gapOf(listening, ownEventTypes.queueDeclared).from)
  await connected(listening)
  await broker.publish('after')
  await until('it has come', () => listening.taken.length === 1)
})

test('a queue whose limits differ from the configuration is used unchanged, and that is logged', async t => {
  const broker = await startBroker(t)
  await broker.declareExchange({ durable: false })
  const first = startListening(t, broker)
  await connected(first)
  await first.stop()
  const second = startListening(t, broker, {
    queue: { name: broker.queue, maxBytes: 1000, expiresSeconds: 300 },
  })
  await connected(second)
  await broker.publish('heard')
  await until('it has come', () => second.taken.length === 1)
  t.true(second.lines.some(line => line.includes('other limits')))
})

test('another consumer of the queue is logged', async t => {
  const broker = await startBroker(t)
  await connected(startListening(t, broker))
  const second = startListening(t, broker)
  await connected(second)
  t.true(second.lines.some(line => line.includes('another consumer')))
})

test('the second host is used if the first is down', async t => {
  const broker = await startBroker(t)
  await broker.declareExchange({ durable: false })
  const dead = await startRelay(t, { hostname: '127.0.0.1', port: 1 })
  dead.cut()
  const alive = await startRelay(t, hostOf(broker.url))
  const url = through(broker.url, dead.port, alive.port)
  const listening = startListening(t, { ...broker, url })
  await connected(listening)
  await broker.publish('heard')
  await until('it has come', () => listening.taken.length === 1)
  t.is(JSON.parse(listening.busEvents[0]?.body ?? '').host, `127.0.0.1:${alive.port}`)
})

test('a wrong password is reported without the password, and retried', async t => {
  const broker = await startBroker(t)
  const [host] = broker.url.hosts
  if (!host) return t.fail()
  const url = { ...broker.url, hosts: [{ ...host, password: 'wr0ng-one' }] }
  const listening = startListening(t, { ...broker, url })
  await until('it was refused', () => /ACCESS.REFUSED/.test(listening.bus.status().lastError ?? ''))
  t.false(listening.lines.join().includes('wr0ng-one'))
  t.is(listening.bus.status().state, 'retrying')
})

test('a message on a quiet bus does not wait for more messages', async t => {
  const broker = await startBroker(t)
  await broker.declareExchange({ durable: false })
  const listening = startListening(t, broker, { batch: { maxItems: 1000, pauseMs: 5 } })
  await connected(listening)
  for (const number of numbers(10)) {
    await broker.publish(number)
    await until('it has come', () => listening.taken.length > Number(number))
  }
  t.deepEqual(listening.batches, Array(10).fill(1))
})

function withResolvers() {
  let resolve = () => {}
  const promise = new Promise<void>(done => {
    resolve = done
  })
  return { promise, resolve }
}

/** A self-signed certificate for 127.0.0.1. */
function makeCertificate(t: ExecutionContext) {
  const path = folder(t)
  const keyFile = join(path, 'key.pem')
  const caFile = join(path, 'cert.pem')
  const words =
    '-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=test'
  const names = ['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyFile, '-out', caFile]
  execFileSync('openssl', ['req', ...words.split(' '), ...names], { stdio: 'ignore' })
  return { caFile, key: readFileSync(keyFile), cert: readFileSync(caFile) }
}
