import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type ConfirmChannel, connect } from 'amqplib'
import Database from 'better-sqlite3'
import { findRabbit, startRabbit } from '../../../sandbox/bus/rabbit.js'
import { EXCHANGES } from '../../../sandbox/bus/sandbox-bus.js'
import { resourceId } from '../../../src/ids.js'
import { openLocations } from '../../../src/projection/locate.js'
import { viewsFileOf } from '../../../src/projection/views-file.js'
import { consumedMessage } from '../messages.js'
import { newImage, notifications, type Published } from '../notifications.js'
import { forkPart, moveTo, nextMessage } from '../program.js'
import { limited, type Result, ratio } from '../result.js'
import type { Row, RowOptions } from '../row.js'
import { openScene } from '../scene.js'

/** Recording from RabbitMQ, and how soon requests follow what was recorded. */
export const recording: Row = {
  name: 'recording',
  title: 'recording from RabbitMQ',
  measure,
}

const QUEUE = 'mixmatch.bench'
const BARE = 'bare.bench'
const PATIENCE_MS = 60_000
const SAMPLES = 200
/** Looking more often would take processor time from the recorder. */
const POLL_MS = 20

async function measure(options: RowOptions): Promise<readonly Result[]> {
  const directory = join(options.folder, 'bus')
  mkdirSync(directory)
  const path = process.env['PATH'] ?? ''
  const program = await findRabbit(path)
  if (program === null) throw new Error('rabbitmq-server is not installed')
  const rabbit = await startRabbit(program, {
    ...{ vhosts: ['default'], directory, path, patienceMs: PATIENCE_MS },
  })
  await using scene = await openScene(options)
  const { hostname, port, username, password, vhost } = rabbit.address('default')
  const url = `amqp://${username}:${password}@${hostname}:${port}/${vhost}`
  const connection = await connect(url)
  try {
    const channel = await connection.createConfirmChannel()
    for (const exchange of EXCHANGES)
      await channel.assertExchange(exchange, 'topic', { durable: false })
    const logFile = join(directory, 'events.db')
    const startServe = () =>
      scene.startAlone({
        ...{ command: 'serve', upstream: null, logFile },
        bus: { url: url.replace('amqp:', 'rabbit:'), queue: QUEUE },
      })

    const first = await startServe()
    await until(() => headOf(logFile) > 0)
    await first.program[Symbol.asyncDispose]() // its queue stays, and collects
    const count = options.quick ? 10_000 : 40_000
    await channel.assertQueue(BARE)
    for (const exchange of EXCHANGES) await channel.bindQueue(BARE, exchange, 'notifications.*')
    await publishAll(channel, notifications(count))

    const bare = await consumeBare(url, count)
    const before = headOf(logFile)
    const { program } = await startServe()
    const ours = await timeRecording(logFile, before, count)
    const delays = await measureDelays(channel, logFile)
    await program[Symbol.asyncDispose]()
    const quantile = (share: number) => delays[Math.floor(delays.length * share)] ?? 0
    return [
      ratio(
        'notifications recorded, durable before their acknowledgement',
        ours,
        { name: 'a consumer that stores nothing', value: bare },
        { unit: '/s', bar: { atLeast: 0.3 } },
      ),
      limited('published to routable, p50', quantile(0.5), { unit: 'ms', bar: { atMost: 12 } }),
      limited('published to routable, p99', quantile(0.99), { unit: 'ms', bar: { atMost: 25 } }),
    ]
  } finally {
    await connection.close()
    await rabbit.close()
  }
}

async function publishAll(channel: ConfirmChannel, all: Iterable<Published>): Promise<void> {
  let sent = 0
  for (const message of all) {
    publish(channel, message)
    sent += 1
    if (sent % 1000 === 0) await channel.waitForConfirms()
  }
  await channel.waitForConfirms()
}

function publish(channel: ConfirmChannel, { exchange, routingKey, body }: Published): void {
  channel.publish(exchange, routingKey, body, { contentType: 'application/json', persistent: true })
}

/** Messages a second. */
async function consumeBare(url: string, count: number): Promise<number> {
  await using consumer = forkPart('bare-consumer.ts')
  moveTo('all', consumer.pid) // as `serve`
  consumer.child.send({ url, queue: BARE, count })
  const { seconds } = consumedMessage.parse(await nextMessage(consumer.child))
  return count / seconds
}

/** Messages a second, from the first that is recorded on. */
async function timeRecording(logFile: string, before: number, count: number): Promise<number> {
  await until(() => headOf(logFile) > before)
  const [begun, first] = [performance.now(), headOf(logFile)]
  await until(() => headOf(logFile) >= before + count, POLL_MS)
  return (headOf(logFile) - first) / ((performance.now() - begun) / 1000)
}

/** Milliseconds from publishing a new image until requests would follow it, shortest first. */
async function measureDelays(channel: ConfirmChannel, logFile: string): Promise<number[]> {
  using locations = openLocations(viewsFileOf(logFile), logFile)
  const delays: number[] = []
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    const id = resourceId(randomUUID())
    await setTimeout(20)
    const begun = performance.now()
    publish(channel, newImage('default', id))
    await until(() => locations.locate('image', id).length > 0)
    delays.push(performance.now() - begun)
  }
  return delays.sort((one, other) => one - other)
}

function headOf(logFile: string): number {
  if (!existsSync(logFile)) return 0
  const db = new Database(logFile, { readonly: true })
  try {
    return Number(db.prepare('select max(position) from events').pluck().get() ?? 0)
  } finally {
    db.close()
  }
}

async function until(isTrue: () => boolean, everyMs = 1): Promise<void> {
  const giveUp = performance.now() + PATIENCE_MS
  while (!isTrue()) {
    if (performance.now() > giveUp) throw new Error('nothing more is recorded')
    await setTimeout(everyMs)
  }
}
