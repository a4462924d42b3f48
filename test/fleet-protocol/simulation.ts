import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { pino } from 'pino'
import type { Delivery } from '../../src/bus/delivery.js'
import type { Event } from '../../src/event/event.js'
import { createCollect } from '../../src/fleet/collect.js'
import { createFleetKey } from '../../src/fleet/fleet-key.js'
import { createFollower, type Follower } from '../../src/fleet/follower.js'
import {
  type StreamDelivery,
  type StreamMessage,
  writeMessage,
} from '../../src/fleet/stream-message.js'
import { type Micros, micros, position, type SpName } from '../../src/ids.js'
import { GENESIS } from '../../src/log/chain.js'
import type { EventLog } from '../../src/log/event-log.js'
import { openLog } from '../../src/log/open-log.js'
import { createNotificationEvent } from '../../src/notification/notification-event.js'
import { openDeliveryJournal } from '../../src/process/delivery-journal.js'
import { createDeliveryRecorder } from '../../src/process/delivery-recorder.js'
import { cornmeal, folder, millet } from '../controls.js'

export const clouds = [cornmeal, millet] as const
export const key = createFleetKey(['secret'], 'simulated')
const silent = pino({ level: 'silent' })
const parts = { stream: 'simulated', key }

/** At which step a collector dies. */
export type Death =
  | 'never'
  | 'before the publish'
  /** The first part of the batch is in the stream, nothing is confirmed. */
  | 'during the publish'
  /** All is in the stream, and the confirmation never arrives. */
  | 'before the confirmation'
  | 'before the acknowledgement'
  /** It is paused and cut off: what it has published arrives much later. */
  | 'with a late publish'

/** A fleet without a network: queues, one stream and nodes with real logs. */
export interface SimulatedFleet {
  /** A cloud publishes a notification. */
  notify(cloud: SpName, number: number): void
  /** The active collector of a cloud takes notifications. If it dies, another one gets them again. */
  collect(cloud: SpName, count: number, death: Death): Promise<void>
  /** Deliver the messages of late publishes to the stream. */
  arriveLate(): void
  /** A node publishes an event of its own, which may arrive twice. */
  observe(event: Event, twice: boolean): void
  /** Somebody without the key writes to the stream. */
  forge(content: string): void
  /** Somebody without the key writes a message again that is in the stream. */
  repeat(offset: number): void
  /** A node reads messages. It may die before or after its transaction. */
  follow(node: number, count: number, death: 'never' | 'before' | 'after'): void
  /** A node loses its log. */
  lose(node: number): void
  /** Collect and follow everything. */
  settle(): Promise<void>
  readonly logs: () => readonly EventLog[]
  /** Notifications that were acknowledged before they were in the stream. */
  readonly lostAcknowledgements: string[]
}

export function simulateFleet(t: ExecutionContext, nodeCount: number): SimulatedFleet {
  const queues = new Map<SpName, { number: number; redelivered: boolean }[]>(
    clouds.map(cloud => [cloud, []]),
  )
  const stream: StreamDelivery[] = []
  const late: StreamMessage[] = []
  const lostAcknowledgements: string[] = []
  const journal = openDeliveryJournal(join(folder(t), 'journal.json'))
  const beginning = { type: 'begin', through: { position: position(0), hash: GENESIS } } as const
  let stamps = 0
  const nodes = Array.from({ length: nodeCount }, () => openNode(t))
  const write = (messages: readonly StreamMessage[]) => {
    for (const message of messages) {
      // offsets may have gaps
      const offset =
        stream.length === 0 ? 0 : (stream.at(-1)?.offset ?? 0) + 1 + (stream.length % 3)
      stream.push({ offset, ...message })
    }
  }
  // The clocks of the nodes differ, and may go back.
  const now = (): Micros => {
    stamps += 1
    return micros(1_795_440_000_000_000 + ((stamps * 7) % 5) * 1_000_000 + stamps)
  }
  write([writeMessage(beginning, key)])

  async function collect(cloud: SpName, count: number, death: Death): Promise<void> {
    const queue = queues.get(cloud) ?? []
    const taken = queue.slice(0, count)
    if (taken.length === 0) return
    const publish = async (messages: readonly StreamMessage[]) => {
      if (death === 'before the publish') throw new Error('the collector died')
      if (death === 'with a late publish') late.push(...messages)
      else if (death === 'during the publish')
        write(messages.slice(0, Math.ceil(messages.length / 2)))
      else write(messages)
      if (death !== 'never' && death !== 'before the acknowledgement') throw new Error('it died')
    }
    const record = createCollect(publish, key, now)
    const onDeliveries = createDeliveryRecorder({
      record,
      journal,
      publishes: true,
      logger: silent,
    })
    try {
      await onDeliveries(taken.map(each => delivery(cloud, each)))
      if (death === 'before the acknowledgement') throw new Error('it died')
    } catch {
      for (const each of taken) each.redelivered = true
      return
    }
    for (const { number } of taken) {
      const name = messageId(cloud, number)
      if (!stream.some(({ content }) => content.includes(name))) lostAcknowledgements.push(name)
    }
    queue.splice(0, taken.length)
  }

  function follow(node: number, count: number, death: 'never' | 'before' | 'after'): void {
    const { follower } = nodes[node] ?? openNode(t)
    const reached = follower.offset()
    const from = follower.isFresh ? follower.start() : undefined
    follower.isFresh = false
    const unread =
      from !== undefined
        ? stream.filter(({ offset }) => from === 'first' || offset >= from)
        : stream.filter(({ offset }) => offset > (reached ?? -1))
    if (death !== 'before') follower.take(unread.slice(0, count))
    if (death !== 'never') nodes[node]?.restart()
  }

  return {
    notify: (cloud, number) => queues.get(cloud)?.push({ number, redelivered: false }),
    collect,
    arriveLate: () => write(late.splice(0)),
    observe(event, twice) {
      const message = writeMessage({ type: 'event', event, recordedAt: now() }, key)
      write(twice ? [message, message] : [message])
    },
    forge: content => write([{ content: Buffer.from(content), signature: 'f'.repeat(64) }]),
    repeat(index) {
      const { content, signature } = stream[index % stream.length] ?? {}
      if (content && typeof signature === 'string') write([{ content, signature }])
    },
    follow,
    lose(node) {
      nodes.splice(node, 1, openNode(t))
    },
    async settle() {
      write(late.splice(0))
      for (const cloud of clouds) {
        while ((queues.get(cloud) ?? []).length > 0) await collect(cloud, 10, 'never')
      }
      for (const node of nodes.keys()) follow(node, stream.length, 'never')
    },
    logs: () => nodes.map(({ log }) => log),
    lostAcknowledgements,
  }
}

type RestartableFollower = Follower & { isFresh: boolean }

/** A node. When it dies, only its log remains. */
function openNode(t: ExecutionContext) {
  const log = openLog(join(folder(t), 'events.db'))
  t.teardown(() => log[Symbol.dispose]())
  log.db.pragma('synchronous = OFF') // no machine loses power in this test
  const open = (): RestartableFollower => ({ ...createFollower(log, parts), isFresh: true })
  const node = {
    log,
    follower: open(),
    restart() {
      node.follower = open()
    },
  }
  return node
}

export function messageId(cloud: SpName, number: number): string {
  return `${cloud}-${number}-end`
}

function delivery(
  serviceProvider: SpName,
  { number, redelivered }: { number: number; redelivered: boolean },
): Delivery {
  const message = {
    message_id: messageId(serviceProvider, number),
    event_type: 'volume.create.end',
    timestamp: '2026-11-23 13:20:06.707170',
    payload: { volume_id: `volume-${number}`, tenant_id: 'project' },
  }
  const envelope = { 'oslo.version': '2.0', 'oslo.message': JSON.stringify(message) }
  return {
    serviceProvider,
    exchange: 'openstack',
    routingKey: 'notifications.info',
    compression: null,
    redelivered,
    body: Buffer.from(JSON.stringify(envelope)),
  }
}

/** The event that a notification becomes. */
export function eventOf(cloud: SpName, number: number): Event {
  return createNotificationEvent(delivery(cloud, { number, redelivered: false }))
}
