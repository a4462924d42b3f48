import anyTest, { type TestFn } from 'ava'
import { logIn, type User } from '../sandbox/clouds.js'
import { until } from '../until.js'
import { failedRequests, startClientLoad } from './client-load.js'
import { type Fleet, startFleet } from './fleet.js'
import { type HaProxy, startHaProxy } from './haproxy.js'
import { percentile } from './percentile.js'
import { headOf, positionOf } from './recorded-log.js'
import { scale } from './scale.js'

const test = anyTest as TestFn<{ fleet: Fleet; haProxy: HaProxy; user: User }>

/** Longer than HAProxy takes to notice: two checks, two seconds apart. */
const DRAIN_SECONDS = 6
const VOLUME = { volume: { name: 'read your writes', size: 1 } }

test.before(async t => {
  const fleet = await startFleet({ options: [`drain_delay = ${DRAIN_SECONDS}`] })
  const { directory, nodes, federation } = fleet
  const haProxy = await startHaProxy(directory, nodes)
  t.context = { fleet, haProxy, user: await logIn(federation.cloud('default')) }
  await Promise.all(nodes.map(node => node.start()))
  await Promise.all(nodes.map(node => node.untilReady()))
})
test.after.always(async t => {
  await t.context.haProxy?.close()
  await t.context.fleet?.close()
})

test.serial('a volume created through one node is found at once through another', async t => {
  const { fleet, user } = t.context
  const volumes = `/volume/v3/${user.project}/volumes`
  const headers = { 'MM-SERVICE-PROVIDER': 'sp1' }
  for (let at = 0; at < scale.creates; at += 1) {
    const one = fleet.nodes[at % 3]
    const other = fleet.nodes[(at + 1) % 3]
    if (!one || !other) throw new Error('a fleet has three nodes')
    const made = await user.call('POST', `${one.url}${volumes}`, { json: VOLUME, headers })
    t.is(made.status, 202, made.text)
    const shown = await user.call('GET', `${other.url}${volumes}/${made.json.volume.id}`)
    t.is(shown.status, 200, shown.text)
    t.is(shown.headers.get('MM-Service-Provider'), 'sp1')
  }
})

test.serial('a node that joins has the whole log, and knows what other nodes create', async t => {
  const { fleet, user } = t.context
  const [one] = fleet.nodes
  if (!one) throw new Error('a fleet has three nodes')
  // It does not search, so it answers 404 until it knows where the volume is.
  const joined = await fleet.addNode('node4', { search: false })
  await joined.start()
  await joined.untilReady()
  t.true(positionOf(joined) >= scale.creates)

  const volumes = `/volume/v3/${user.project}/volumes`
  const headers = { 'MM-SERVICE-PROVIDER': 'sp1' }
  const delays: number[] = []
  for (let at = 0; at < scale.creates; at += 1) {
    const made = await user.call('POST', `${one.url}${volumes}`, { json: VOLUME, headers })
    const madeAt = performance.now()
    const url = `${joined.url}${volumes}/${made.json.volume.id}`
    await until('the other node knows the volume', async () => {
      return (await user.call('GET', url)).status === 200
    })
    delays.push(performance.now() - madeAt)
  }
  const [p50, p99] = [percentile(delays, 0.5), percentile(delays, 0.99)]
  t.log(`known at another node after p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`)
  await joined.stop()
})

test.serial('a rolling upgrade of three nodes behind HAProxy fails no request', async t => {
  const { fleet, haProxy } = t.context
  const load = await startClientLoad({
    cloud: fleet.federation.cloud('default'),
    bases: [haProxy.url],
    clients: 4,
    pauseMs: 50,
  })
  for (const node of fleet.nodes) {
    await node.stop()
    await node.start()
    await node.untilReady()
    await until('HAProxy sends requests to it', async () => {
      return (await haProxy.states()).get(node.name) === 'UP'
    })
  }
  await load.stop()
  t.log(`${load.requests.length} requests, ${load.writes.length} of them creates`)
  t.deepEqual(failedRequests(load.requests), [])
  const counts = load.writes.map(number => fleet.writes.counts.get(number) ?? 0)
  t.deepEqual([...new Set(counts)], [1], 'how often each write reached a cloud')
  await until('the three logs are equal', async () => {
    return new Set(await Promise.all(fleet.nodes.map(headOf))).size === 1
  })
})
