import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { chance } from '../sample/chance.js'
import { until } from '../until.js'
import { failedRequests, type LoadRequest, startClientLoad } from './client-load.js'
import {
  brokerDisturbances,
  type Disturbed,
  nodeDisturbances,
  startDisturbing,
} from './disturbances.js'
import { CLOUDS, type Fleet, startFleet } from './fleet.js'
import {
  type NumberedPublisher,
  numberedVolume,
  openNumberedPublisher,
} from './numbered-publisher.js'
import { countCreates, digestViews, headOf, positionOf } from './recorded-log.js'
import { scale, seed } from './scale.js'

const TICK_MS = 200
const SETTLE_MS = 180_000

test('every notification is once in three equal logs while brokers and nodes are disturbed', async t => {
  const dice = chance(seed)
  const say = (line: string) =>
    t.log(`${((performance.now() - begun) / 1000).toFixed(1)} s  ${line}`)
  const begun = performance.now()
  t.log(`MIXMATCH_FLEET_SEED=${seed}`)
  const fleet = await startFleet()
  t.teardown(fleet.close)
  const { cluster, nodes, writes, federation } = fleet
  await Promise.all(nodes.map(node => node.start()))
  await Promise.all(nodes.map(node => node.untilReady()))
  say('three nodes are ready')

  const publishers = await Promise.all(CLOUDS.map(cloud => openPublisher(fleet, cloud)))
  const load = await startClientLoad({
    cloud: federation.cloud('default'),
    bases: nodes.map(({ url }) => url),
    clients: 3,
    pauseMs: 300,
  })
  const nodesTroubled = startDisturbing(nodes.flatMap(nodeDisturbances), dice, say)
  const brokersTroubled = startDisturbing(cluster.nodes.flatMap(brokerDisturbances), dice, say)
  const stopAll = [load.stop, nodesTroubled.stop, brokersTroubled.stop]
  t.teardown(() => Promise.allSettled(stopAll.map(stop => stop())))

  await publishAll(publishers, Math.ceil(scale.numbered * 0.7))
  await brokersTroubled.stop()
  const [lost] = cluster.nodes.slice(dice.below(cluster.nodes.length))
  if (!lost) throw new Error('a cluster has nodes')
  say(`${lost.name}: lost with its disk, and replaced`)
  await Promise.all([cluster.replace(lost), publishAll(publishers, scale.numbered)])
  await nodesTroubled.stop()
  await load.stop()
  say('all is published; the machines are left alone')

  await Promise.all(nodes.map(node => node.untilReady(SETTLE_MS)))
  const cloudVolumes = CLOUDS.flatMap(cloud =>
    Array.from({ length: scale.numbered }, (_, at) => numberedVolume(cloud, at + 1)),
  )
  const [first, ...others] = nodes
  if (!first) throw new Error('a fleet has nodes')
  await until(
    'every number is in the log',
    async () => {
      const counts = await countCreates(first)
      return cloudVolumes.every(volume => counts.has(volume))
    },
    SETTLE_MS,
    3000,
  )
  await until(
    'the three logs have stopped growing, at the same position',
    () => haveStopped(nodes),
    SETTLE_MS,
  )
  say(`the logs have ${nodes.map(positionOf).join(', ')} events`)

  const heads = await Promise.all(nodes.map(headOf))
  t.deepEqual(
    heads,
    nodes.map(() => heads[0]),
  )
  for (const other of others) {
    const files = [first.databaseFile, other.databaseFile]
    t.is((await first.command('log', 'compare', ...files)).exitCode, 0)
  }
  const counts = await countCreates(first)
  const wrong = cloudVolumes.filter(volume => counts.get(volume) !== 1)
  t.deepEqual(wrong, [], 'numbers that are not in the log exactly once')
  // The views follow their log; a node that was disturbed last may still be bringing them up to date.
  await until('all views are equal', () => haveEqualViews(nodes), SETTLE_MS, 1000).catch(() => {})
  for (const other of others) t.deepEqual(digestViews(other), digestViews(first))

  const twice = [...writes.counts].filter(([, count]) => count > 1)
  t.deepEqual(twice, [], 'writes that were sent twice')
  reportLoad(load.requests, nodesTroubled.done, fleet, say)
  t.deepEqual(unexplained(load.requests, nodesTroubled.done, fleet), [])
})

async function openPublisher({ federation, busAddress }: Fleet, cloud: string) {
  const project = federation.cloud(cloud).name
  return openNumberedPublisher(cloud, project, busAddress(cloud))
}

/** Publish at a steady rate, up to this number on each bus. */
async function publishAll(publishers: readonly NumberedPublisher[], last: number): Promise<void> {
  const step = Math.ceil((scale.rate * TICK_MS) / 1000)
  const publishOn = async (publisher: NumberedPublisher) => {
    while (publisher.published() < last) {
      await publisher.publish(Math.min(step, last - publisher.published()))
      await sleep(TICK_MS)
    }
  }
  await Promise.all(publishers.map(publishOn))
}

async function haveStopped(nodes: Fleet['nodes']): Promise<boolean> {
  const before = nodes.map(positionOf)
  await sleep(3000)
  return new Set([...before, ...nodes.map(positionOf)]).size === 1
}

function haveEqualViews(nodes: Fleet['nodes']): boolean {
  return new Set(nodes.map(node => JSON.stringify(digestViews(node)))).size === 1
}

/** Failed requests to a node that was not disturbed during the request. */
function unexplained(
  requests: readonly LoadRequest[],
  disturbed: readonly Disturbed[],
  { nodes }: Fleet,
): readonly LoadRequest[] {
  const nameOf = (base: string) => nodes.find(({ url }) => url === base)?.name
  return failedRequests(requests).filter(
    ({ base, sentAt, endedAt }) =>
      !disturbed.some(
        ({ target, from, to }) => target === nameOf(base) && from < endedAt && sentAt < to,
      ),
  )
}

function reportLoad(
  requests: readonly LoadRequest[],
  disturbed: readonly Disturbed[],
  fleet: Fleet,
  say: (line: string) => void,
): void {
  const failed = failedRequests(requests)
  const kinds = new Map<string, number>()
  for (const { method, status, problem } of failed) {
    const kind = `${method} ${status ?? problem}`
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  }
  say(
    `${requests.length} requests of clients, ${failed.length} failed: ${JSON.stringify([...kinds])}`,
  )
  say(`${unexplained(requests, disturbed, fleet).length} of them at a node that was left alone`)
}
