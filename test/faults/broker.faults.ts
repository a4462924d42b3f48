import { setTimeout as sleep } from 'node:timers/promises'
import anyTest, { type TestFn } from 'ava'
import { numberedVolume, openNumberedPublisher } from '../fleet/numbered-publisher.js'
import { countCreates } from '../fleet/recorded-log.js'
import { until } from '../until.js'
import { type Machine, startMachine, startNode } from './machine.js'

/** One machine for all tests. Each test publishes under names of its own. */
const test = anyTest as TestFn<Machine>

const NOTIFICATIONS = 50
const SETTLE_MS = 120_000

test.before(async t => {
  const machine = await startMachine({ options: ['workers = 1'] })
  t.context = machine
  await startNode(machine)
})

test.after.always(t => t.context.close?.())

/** Publish numbered notifications on the bus of the identity provider, as a service of this name. */
async function publish({ busAddress }: Machine, service: string): Promise<void> {
  const publisher = await openNumberedPublisher(service, 'demo', busAddress('default'))
  await publisher.publish(NOTIFICATIONS)
  await publisher.close()
}

/** Wait until each notification of these services is in the log. @returns those that are not there once */
async function wronglyRecorded({ node }: Machine, ...services: string[]): Promise<string[]> {
  const expected = services.flatMap(service =>
    Array.from({ length: NOTIFICATIONS }, (_, at) => numberedVolume(service, at + 1)),
  )
  const all = async () => {
    const counts = await countCreates(node)
    return expected.every(volume => counts.has(volume))
  }
  await until(`the notifications of ${services.join(' and ')} are recorded`, all, SETTLE_MS)
  const counts = await countCreates(node)
  return expected.filter(volume => counts.get(volume) !== 1)
}

/** How often a line of the machine's log has this event type in the log. */
async function countEvents({ node }: Machine, type: string): Promise<number> {
  const { stdout } = await node.command('log', 'export')
  return stdout.split(`"event_type":"${type}"`).length - 1
}

test.serial(
  'notifications that are published while the machine is cut off are recorded once when it is connected again',
  async t => {
    const { node } = t.context
    const connected = await countEvents(t.context, 'mixmatch.bus.connected')
    node.cutOff()
    await publish(t.context, 'cut1')
    node.reconnect()
    t.deepEqual(await wronglyRecorded(t.context, 'cut1'), [])
    t.true((await countEvents(t.context, 'mixmatch.bus.connected')) > connected)
  },
)

test.serial(
  'a broker that is suspended and resumed causes neither lost nor duplicate events',
  async t => {
    const { broker } = t.context
    await publish(t.context, 'pau1')
    broker.pause()
    await sleep(5000)
    broker.resume()
    await broker.answers()
    await publish(t.context, 'pau2')
    t.deepEqual(await wronglyRecorded(t.context, 'pau1', 'pau2'), [])
  },
)

test.serial(
  'a broker that is killed keeps the notifications that it has confirmed, and the log has the interruption',
  async t => {
    const { broker, node } = t.context
    node.cutOff()
    await publish(t.context, 'kil1') // waits in the queue when the broker dies
    await broker.kill()
    await broker.start()
    await broker.answers()
    node.reconnect()
    await node.untilReady()
    await until(
      'the machine is connected again',
      async () => {
        const { degraded } = await node.readiness()
        return degraded.length === 0
      },
      SETTLE_MS,
    )
    await publish(t.context, 'kil2')
    t.deepEqual(await wronglyRecorded(t.context, 'kil1', 'kil2'), [])
    t.true((await countEvents(t.context, 'mixmatch.bus.lost')) > 0)
  },
)

test.serial(
  'a queue that somebody deleted is declared again, and the gap is in the log',
  async t => {
    const { broker } = t.context
    const connected = await countEvents(t.context, 'mixmatch.bus.connected')
    await broker.command(
      'rabbitmqctl',
      '--vhost',
      'default',
      'delete_queue',
      'mixmatch.default.notifications',
    )
    await until(
      'the queue is there again',
      async () => (await countEvents(t.context, 'mixmatch.bus.connected')) > connected,
      SETTLE_MS,
    )
    await publish(t.context, 'del1')
    t.deepEqual(await wronglyRecorded(t.context, 'del1'), [])
    const { stdout } = await t.context.node.command('log', 'export')
    const last = stdout
      .split('\n')
      .filter(line => line.includes('"event_type":"mixmatch.bus.connected"'))
      .at(-1)
    t.regex(last ?? '', /possible_gap/)
  },
)

test.serial(
  'a broker without memory blocks publishers, and the queue is still recorded',
  async t => {
    const { broker } = t.context
    await publish(t.context, 'mem1')
    await broker.command('rabbitmqctl', 'set_vm_memory_high_watermark', 'absolute', '1MB')
    const blocked = publish(t.context, 'mem2')
    t.deepEqual(await wronglyRecorded(t.context, 'mem1'), [])
    await broker.command('rabbitmqctl', 'set_vm_memory_high_watermark', 'absolute', '512MB')
    await blocked
    t.deepEqual(await wronglyRecorded(t.context, 'mem2'), [])
  },
)

test.serial(
  'wrong credentials stop the recording, and no notification is lost when they are right again',
  async t => {
    const { broker, node } = t.context
    const address = t.context.busAddress('default')
    const { username, password } = address
    const publisher = await openNumberedPublisher('cre1', 'demo', address)
    node.cutOff()
    await broker.command('rabbitmqctl', 'change_password', username, 'another')
    node.reconnect()
    await publisher.publish(NOTIFICATIONS)
    await until(
      'the refused login is known',
      async () => {
        const { degraded } = await node.readiness()
        return degraded.some(({ reason }) => /ACCESS_REFUSED|refused/i.test(reason))
      },
      SETTLE_MS,
    )
    await broker.command('rabbitmqctl', 'change_password', username, password)
    t.deepEqual(await wronglyRecorded(t.context, 'cre1'), [])
    await publisher.close()
  },
)
