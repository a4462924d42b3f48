import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'amqplib'
import test from 'ava'
import { openBuses } from '../../sandbox/bus/buses.js'
import { toMessage } from '../../sandbox/bus/message.js'
import { findRabbit, startRabbit } from '../../sandbox/bus/rabbit.js'
import { microClock } from '../../sandbox/clock.js'
import { endWithAva } from '../end-with-ava.js'

const path = process.env['PATH'] ?? ''

test.before(endWithAva)

test('a private RabbitMQ carries notifications as oslo.messaging sends them, and leaves nothing behind', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'mixmatch-rabbit-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  const clouds = ['default', 'sp1']
  const buses = await openBuses({
    wanted: 'rabbitmq',
    clouds,
    directory,
    path,
    patienceMs: 180_000,
  })
  t.teardown(buses.close)
  t.is(buses.kind, 'rabbitmq')
  const bus = await buses.open('sp1')
  const message = toMessage('sp1', {
    exchange: 'openstack',
    priority: 'info',
    publisherId: 'volume.sp1@lvm#lvm',
    eventType: 'volume.create.start',
    payload: { volume_id: 'v' },
    at: microClock(),
  })
  await bus.publish(message)

  const connection = await connect(bus.messagebus.replace('rabbit:', 'amqp:'))
  const channel = await connection.createChannel()
  const got = await channel.get('notifications.info', { noAck: true })
  if (!got) return t.fail('the queue is empty')
  t.is(got.content.toString('utf8'), message.body)
  t.like(got.fields, { exchange: 'openstack', routingKey: 'notifications.info' })
  t.like(got.properties, {
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    deliveryMode: 2,
    priority: 0,
  })
  channel.on('error', () => {})
  const otherwise = channel.assertExchange('openstack', 'topic', { durable: true })
  await t.throwsAsync(otherwise, { message: /inequivalent arg 'durable'/ })
  await connection.close()
  await bus.close()

  await buses.close()
  await t.throwsAsync(connect(bus.messagebus.replace('rabbit:', 'amqp:')))
})

test('two private nodes do not disturb each other', async t => {
  const program = await findRabbit(path)
  if (program === null) return t.fail('rabbitmq-server is not installed')
  const start = async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mixmatch-rabbit-'))
    t.teardown(() => rmSync(directory, { recursive: true, force: true }))
    const node = await startRabbit(program, { vhosts: ['a'], directory, path, patienceMs: 180_000 })
    t.teardown(node.close)
    return node
  }
  const [one, other] = [await start(), await start()]
  t.not(one.address('a').port, other.address('a').port)
  await one.close()
  const connection = await connect({ protocol: 'amqp', ...other.address('a') })
  await t.notThrowsAsync(connection.close())
})
