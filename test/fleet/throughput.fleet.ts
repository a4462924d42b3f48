import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'amqplib'
import test from 'ava'
import { CLOUDS, type Fleet, startFleet } from './fleet.js'
import type { MixmatchNode } from './mixmatch-node.js'
import { type NumberedPublisher, openNumberedPublisher } from './numbered-publisher.js'
import { positionOf } from './recorded-log.js'
import { scale } from './scale.js'

const POLL_MS = 50
const ROUNDS = 3
const LEAST_SHARE = 0.5
const PATIENCE_MS = 300_000

test('a node of a fleet records at least half as fast as a single machine', async t => {
  const fleet = await startFleet({ relayed: false })
  t.teardown(fleet.close)
  const publishers = await Promise.all(
    CLOUDS.map(cloud => openNumberedPublisher(cloud, 'project', fleet.busAddress(cloud))),
  )
  const single = await fleet.addNode('single', { stream: false })
  const measureAlone = async (nodes: readonly MixmatchNode[]) => {
    await deleteQueues(fleet)
    return measure(nodes, publishers)
  }
  // Other work on the machine slows down both sides, so the best of some rounds counts.
  let best = 0
  for (let round = 1; round <= ROUNDS && best < LEAST_SHARE; round += 1) {
    const alone = await measureAlone([single])
    t.log(`one machine without a fleet: ${describe(alone)}`)
    for (const count of [1, 2, 3]) {
      const rate = await measureAlone(fleet.nodes.slice(0, count))
      const share = rate.eventsPerSecond / alone.eventsPerSecond
      t.log(`a fleet of ${count}: ${describe(rate)}; ${share.toFixed(2)} of one machine`)
      if (count === 1) best = Math.max(best, share)
    }
  }
  const late = await fleet.addNode('late')
  const begun = performance.now()
  await late.start()
  await late.untilReady(PATIENCE_MS)
  const seconds = (performance.now() - begun) / 1000
  const joined = positionOf(late)
  t.log(`an empty node joins with ${joined} events in ${seconds.toFixed(1)} s, start included`)
  t.true(joined >= 3 * scale.backlog)
  t.true(best >= LEAST_SHARE)
})

interface Rate {
  /** From full queues into the logs of all nodes. */
  readonly eventsPerSecond: number
  /** The CPU time of one node for one event, in microseconds. */
  readonly cpuMicros: number
}

function describe({ eventsPerSecond, cpuMicros }: Rate): string {
  return `${eventsPerSecond.toFixed(0)} events/s, ${cpuMicros.toFixed(0)} µs of CPU for an event at a node`
}

async function measure(
  nodes: readonly MixmatchNode[],
  publishers: readonly NumberedPublisher[],
): Promise<Rate> {
  // Declares the queues, and lets a new node catch up.
  await Promise.all(nodes.map(node => node.start()))
  await Promise.all(nodes.map(node => node.untilReady()))
  await sleep(1000)
  await Promise.all(nodes.map(node => node.stop()))

  const before = new Map(nodes.map(node => [node, positionOf(node)]))
  const count = scale.backlog / publishers.length
  await Promise.all(publishers.map(publisher => publisher.publish(count)))
  await Promise.all(nodes.map(node => node.start()))

  const recorded = () => nodes.map(node => positionOf(node) - (before.get(node) ?? 0))
  const cpu = () => nodes.reduce((sum, node) => sum + node.cpuSeconds(), 0)
  let first: { at: number; events: number; cpu: number } | null = null
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const least = Math.min(...recorded())
    if (!first && least > 0) first = { at: performance.now(), events: least, cpu: cpu() }
    if (first && least >= scale.backlog) {
      const seconds = (performance.now() - first.at) / 1000
      const events = least - first.events
      const cpuMicros = ((cpu() - first.cpu) / events / nodes.length) * 1e6
      await Promise.all(nodes.map(node => node.stop()))
      return { eventsPerSecond: events / seconds, cpuMicros }
    }
    if (performance.now() > deadline) throw new Error(`only ${least} events were recorded`)
    await sleep(POLL_MS)
  }
}

/** Delete the queues of the nodes that are not measured now, because they would fill, too. */
async function deleteQueues({ busAddress }: Fleet): Promise<void> {
  for (const cloud of CLOUDS) {
    const connection = await connect({ protocol: 'amqp', ...busAddress(cloud) })
    const channel = await connection.createChannel()
    for (const kind of ['notifications', 'fleet'])
      await channel.deleteQueue(`mixmatch.${cloud}.${kind}`)
    await connection.close()
  }
}
