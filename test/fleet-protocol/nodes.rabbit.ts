import test from 'ava'
import { openLogReader } from '../../src/log/open-log.js'
import { verifyLog } from '../../src/log/verify.js'
import { openAppender } from '../../src/observation/appender.js'
import { recorderSocketPath } from '../../src/observation/recorder-socket.js'
import { startRelay } from '../bus/amqp/rabbit.js'
import { event } from '../controls.js'
import { until } from '../until.js'
import {
  type Broker,
  runInit,
  type StartedRecorder,
  startFleetBroker,
  startRecorder,
} from './recorders.js'

let broker: Broker & { close(): Promise<void> }

test.before(async () => {
  broker = await startFleetBroker()
})

test.after.always(() => broker.close())

test.serial('two nodes record each notification once, in the same log', async t => {
  const nodes = [
    await startRecorder(t, broker, { stream: 'two' }),
    await startRecorder(t, broker, { stream: 'two' }),
  ]
  await until('both are bound', () => nodes.every(isBound))
  const ids = Array.from({ length: 300 }, (_, index) => `first-${index}`)
  await broker.notify(...ids)
  await until('both have all', () => nodes.every(node => node.recorded().length === 300))
  await untilEqual(...nodes)
  const [one] = nodes
  t.deepEqual(one?.recorded(), ids)
  await until('all is confirmed', () => one?.status()?.unconfirmed === 0)
  await until('it has read all', () => one?.status()?.lagEvents === 0)
  t.like(one?.status(), { state: 'following', problem: null })
  t.deepEqual(nodes.map(node => node.status()?.buses[0]?.role).sort(), ['active', 'waiting'])
})

test.serial(
  'a node that was stopped catches up, and an empty node reads the whole stream',
  async t => {
    const stays = await startRecorder(t, broker, { stream: 'join' })
    const leaves = await startRecorder(t, broker, { stream: 'join' })
    await until('both are bound', () => [stays, leaves].every(isBound))
    await broker.notify('a', 'b')
    await until('both have two', () => [stays, leaves].every(node => node.recorded().length === 2))
    await leaves.stop()
    await broker.notify('c', 'd')
    await until('the other goes on', () => stays.recorded().length === 4)
    const back = await startRecorder(t, broker, { stream: 'join', logFile: leaves.logFile })
    const fresh = await startRecorder(t, broker, { stream: 'join' })
    await until('all have joined', () => [back, fresh].every(isBound))
    t.deepEqual(back.recorded(), ['a', 'b', 'c', 'd'])
    await untilEqual(back, stays, fresh)
  },
)

test.serial(
  'an observation of one node reaches the other, and is confirmed when it was read back',
  async t => {
    const nodes = [
      await startRecorder(t, broker, { stream: 'observe' }),
      await startRecorder(t, broker, { stream: 'observe' }),
    ]
    await until('both have joined', () => nodes.every(isBound))
    const [one, other] = nodes
    if (!one || !other) return t.fail()
    using appender = await openAppender(recorderSocketPath(one.logFile))
    const seen = event({ source: 'proxy', eventType: 'mixmatch.observed.created' })
    await appender.append([seen])
    t.true(one.eventTypes().includes(seen.eventType))
    await until('the other has it', () => other.eventTypes().includes(seen.eventType))
    await untilEqual(one, other)
  },
)

test.serial(
  'all nodes record a message without a valid signature as the same forged event',
  async t => {
    const nodes = [
      await startRecorder(t, broker, { stream: 'forged' }),
      await startRecorder(t, broker, { stream: 'forged' }),
    ]
    await until('both have joined', () => nodes.every(isBound))
    await broker.write('forged', '{"v":1,"type":"event"}', { 'mixmatch-signature': 'f'.repeat(64) })
    await broker.notify('after')
    await until('both have the next', () => nodes.every(node => node.recorded().length === 1))
    for (const node of nodes) {
      t.true(node.eventTypes().includes('mixmatch.stream.forged'))
      t.is(node.status()?.forged, 1)
    }
    await untilEqual(...nodes)
  },
)

test.serial(
  'a node with another password stops, collects nothing, and says what is wrong',
  async t => {
    const node = await startRecorder(t, broker, { stream: 'key' })
    await until('it has joined', () => isBound(node))
    const other = await startRecorder(t, broker, { stream: 'key', password: 'another' })
    await until('it has stopped', () => other.status()?.state === 'stopped')
    t.regex(other.status()?.problem ?? '', /first message is not signed with the key of this node/)
    t.deepEqual(other.status()?.buses, [])
    t.is(other.head().split(' ')[0], '0')
  },
)

test.serial('a node whose stream was deleted and begun again does not go on', async t => {
  const node = await startRecorder(t, broker, { stream: 'gone' })
  await until('it has joined', () => isBound(node))
  await broker.notify('x')
  await until('it has one', () => node.recorded().length === 1)
  await node.stop()
  const before = node.head()
  await broker.deleteStream('gone')
  const other = await startRecorder(t, broker, { stream: 'gone' })
  await until('another node has begun it again', () => isBound(other))
  await broker.notify('y', 'z')
  await until('the other has both', () => other.recorded().length === 2)
  const back = await startRecorder(t, broker, { stream: 'gone', logFile: node.logFile })
  await until('it has stopped', () => back.status()?.state === 'stopped')
  t.regex(
    back.status()?.problem ?? '',
    /another message at offset .* copy of the log of another node/,
  )
  t.is(back.head(), before)
})

test.serial(
  'a log of one machine becomes the log of a fleet and of one machine again, and no event is lost',
  async t => {
    const single = await startRecorder(t, broker, { stream: null })
    await until('its queue is there', async () => (await broker.waiting(MACHINE_QUEUE)) !== null)
    await until('it is bound', () => single.lines.some(line => line.includes('bus connected')))
    await broker.notify('m1', 'm2')
    await until('it has two', () => single.recorded().length === 2)
    await single.stop()
    await broker.notify('m3', 'm4') // they wait in the queue of the machine
    const head = single.head()

    const { code, err } = await runInit(t, broker, 'whole', single.logFile)
    t.is(code, 0, err)
    t.regex(err, new RegExp(`: ${head.replace(' ', ' events of .*, head ')}`))
    t.is((await runInit(t, broker, 'whole', single.logFile)).code, 0) // again, as after an interruption

    const origin = await startRecorder(t, broker, { stream: 'whole', logFile: single.logFile })
    const empty = await startRecorder(t, broker, { stream: 'whole' })
    await until('both have joined', () => [origin, empty].every(isBound))
    await broker.notify('f1', 'f2')
    const all = ['m1', 'm2', 'm3', 'm4', 'f1', 'f2']
    await until('both have all', () => [origin, empty].every(each => each.recorded().length === 6))
    t.deepEqual(origin.recorded().toSorted(), all.toSorted())
    await untilEqual(origin, empty)
    await until('the old queue is gone', async () => (await broker.waiting(MACHINE_QUEUE)) === null)

    await origin.stop()
    await empty.stop()
    await broker.notify('f3') // it waits in the queue of the fleet
    const alone = await startRecorder(t, broker, { stream: null, logFile: origin.logFile })
    await until('it has it', () => alone.recorded().includes('f3'))
    await broker.notify('s1')
    await until('it goes on', () => alone.recorded().includes('s1'))
    await until(
      'the queue of the fleet is gone',
      async () => (await broker.waiting(FLEET_QUEUE)) === null,
    )
    t.deepEqual(alone.recorded().toSorted(), [...all, 'f3', 's1'].toSorted())
    await alone.stop()
    using log = openLogReader(alone.logFile)
    t.deepEqual(verifyLog(log).breaches, [])

    const refused = await startRecorder(t, broker, { stream: 'whole', logFile: alone.logFile })
    await until('it is refused', () => refused.status()?.state === 'stopped')
    t.regex(refused.status()?.problem ?? '', /recorded outside of the fleet/)
    const { code: other } = await runInit(t, broker, 'whole', alone.logFile)
    t.is(other, 1) // its recorder still runs
  },
)

const MACHINE_QUEUE = 'mixmatch.sp1.notifications'
const FLEET_QUEUE = 'mixmatch.sp1.fleet'

/** An event about a bus may still be on its way to one of them. */
function untilEqual(...nodes: readonly StartedRecorder[]): Promise<void> {
  return until('the logs are equal', () => new Set(nodes.map(node => node.head())).size === 1)
}

function isBound(node: StartedRecorder): boolean {
  const [bus] = node.status()?.buses ?? []
  return bus !== undefined && bus.role !== 'lost'
}

test.serial(
  'a node whose broker hangs or is cut off connects to another host, and publishes again',
  async t => {
    const to = broker.host
    const [hangs, cut] = [await startRelay(t, to), await startRelay(t, to)]
    const { username, password } = to
    const streamUrl = `rabbit://${username}:${password}@127.0.0.1:${hangs.port},127.0.0.1:${cut.port}/stream`
    const node = await startRecorder(t, broker, { stream: 'hosts', streamUrl })
    const other = await startRecorder(t, broker, { stream: 'hosts' })
    await until('both have joined', () => [node, other].every(isBound))
    using appender = await openAppender(recorderSocketPath(node.logFile))

    hangs.freeze()
    const first = event({ source: 'proxy', eventType: 'mixmatch.observed.created' })
    const appended = appender.append([first])
    await until('it uses the other host', () => node.status()?.host === `127.0.0.1:${cut.port}`)
    await appended

    hangs.cut()
    hangs.mend()
    cut.cut()
    const second = event({ source: 'proxy', eventType: 'mixmatch.observed.found' })
    await appender.append([second])
    t.is(node.status()?.host, `127.0.0.1:${hangs.port}`)
    await until('the other node has both', () => other.head() === node.head())
    const types = other.eventTypes()
    t.is(types.filter(type => type === first.eventType).length, 1)
    t.is(types.filter(type => type === second.eventType).length, 1)
  },
)

test.serial(
  'a notification is not acknowledged while the stream is deleted, or another one has its name',
  async t => {
    const node = await startRecorder(t, broker, { stream: 'lost' })
    await until('it is bound', () => isBound(node))
    await broker.notify('kept-1')
    await until('it has one', () => node.recorded().length === 1)
    await broker.deleteStream('lost')
    await broker.notify('kept-2')
    const said = (words: string) => () => node.lines.some(line => line.includes(words))
    await until('it says that the stream is gone', said('does not exist here'))
    await broker.declareStream('lost')
    for (let offset = 0; offset < 5; offset += 1) await broker.write('lost', 'of somebody else')
    await until('it says that it is another one', said('has another message at offset'))
    await node.stop()
    t.deepEqual(node.recorded(), ['kept-1'])
    await until('it waits', async () => (await broker.waiting(FLEET_QUEUE)) === 1)
  },
)
