import test from 'ava'
import {
  type Broker,
  type StartedRecorder,
  startFleetBroker,
  startRecorder,
  until,
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
  const [one, other] = nodes
  t.is(one?.head(), other?.head())
  t.deepEqual(one?.recorded(), ids)
  t.like(one?.status(), { state: 'following', problem: null, lagEvents: 0, unconfirmed: 0 })
  t.deepEqual(nodes.map(node => node.status()?.buses[0]?.role).sort(), ['active', 'waiting'])
})

function isBound(node: StartedRecorder): boolean {
  const [bus] = node.status()?.buses ?? []
  return bus !== undefined && bus.role !== 'lost'
}
