import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'amqplib'
import type { ExecutionContext } from 'ava'
import { pino } from 'pino'
import { findRabbit, startRabbit } from '../../sandbox/bus/rabbit.js'
import type { AmqpAddress } from '../../sandbox/bus/sandbox-bus.js'
import { checkConfig } from '../../src/config/config.js'
import type { FleetStatus } from '../../src/fleet/fleet-status.js'
import { openLogReader } from '../../src/log/open-log.js'
import { type Recording, record } from '../../src/process/record.js'
import { mixmatch, type Run } from '../commands/run-command.js'
import { federated, place } from '../config/configurations.js'
import { folder } from '../controls.js'
import { endWithAva } from '../end-with-ava.js'
import { message } from '../notification/fixtures.js'
import { until } from '../until.js'

const path = process.env['PATH'] ?? ''

/** A private RabbitMQ for a stream and for the bus of one cloud. */
export interface Broker {
  readonly host: AmqpAddress
  url(vhost: 'stream' | 'bus'): string
  /** Publish notifications with these message ids. */
  notify(...ids: readonly string[]): Promise<void>
  /** The number of messages that wait in a queue of the cloud; null if there is no such queue. */
  waiting(queue: string): Promise<number | null>
  deleteStream(name: string): Promise<void>
  declareStream(name: string): Promise<void>
  /** Publish a message to a stream. */
  write(stream: string, content: string, headers?: Record<string, string>): Promise<void>
}

export async function startFleetBroker(): Promise<Broker & { close(): Promise<void> }> {
  const program = await findRabbit(path)
  if (program === null) throw new Error('rabbitmq-server is not installed')
  endWithAva()
  const directory = mkdtempSync(join(tmpdir(), 'mixmatch-fleet-'))
  const vhosts = ['stream', 'bus'] as const
  const rabbit = await startRabbit(program, { vhosts, directory, path, patienceMs: 180_000 })
  const bus = await connect({ protocol: 'amqp', ...rabbit.address('bus') })
  const stream = await connect({ protocol: 'amqp', ...rabbit.address('stream') })
  const services = await bus.createConfirmChannel()
  const writer = await stream.createConfirmChannel()
  await services.assertExchange('openstack', 'topic', { durable: false })
  return {
    host: rabbit.address('stream'),
    url(vhost) {
      const { username, password, hostname, port } = rabbit.address(vhost)
      return `rabbit://${username}:${password}@${hostname}:${port}/${vhost}`
    },
    async notify(...ids) {
      for (const id of ids) {
        const body = JSON.stringify(message('volume.create.end', {}, { message_id: id }))
        services.publish('openstack', 'notifications.info', Buffer.from(body), { persistent: true })
      }
      await services.waitForConfirms()
    },
    async waiting(queue) {
      const channel = await bus.createChannel()
      channel.on('error', () => {})
      try {
        return (await channel.checkQueue(queue)).messageCount
      } catch {
        return null
      }
    },
    async deleteStream(name) {
      await writer.deleteQueue(name)
    },
    async declareStream(name) {
      await writer.assertQueue(name, { durable: true, arguments: { 'x-queue-type': 'stream' } })
    },
    async write(name, content, headers = {}) {
      writer.publish('', name, Buffer.from(content), { persistent: true, headers })
      await writer.waitForConfirms()
    },
    async close() {
      await bus.close()
      await stream.close()
      await rabbit.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** A recorder of one machine or of a node in a fleet. */
export interface StartedRecorder {
  readonly logFile: string
  status(): FleetStatus | null
  head(): string
  /** The message ids of the notifications in the log, in order. */
  recorded(): string[]
  eventTypes(): string[]
  readonly lines: string[]
  stop(): Promise<void>
}

interface StartOptions {
  /** The name of the stream; null for a single machine. */
  readonly stream: string | null
  readonly logFile?: string
  readonly password?: string
  readonly streamUrl?: string
}

export async function startRecorder(
  t: ExecutionContext,
  broker: Broker,
  { stream, logFile = join(folder(t), 'events.db'), password = 'pw', streamUrl }: StartOptions,
): Promise<StartedRecorder> {
  const text = configurationOf(broker, { stream, password, streamUrl })
  const { config, problems } = checkConfig(place(t, { 'mixmatch.conf': text }))
  if (!config) throw new Error(JSON.stringify(problems))
  const files = { logFile, viewsFile: logFile.replace('.db', '.views.db'), command: 'record' }
  const lines: string[] = []
  const logger = pino({ level: 'debug' }, { write: line => lines.push(line) })
  let stop = () => {}
  const stopped = new Promise<void>(resolve => {
    stop = resolve
  })
  let recording: Recording | undefined
  const ended = record(config, files, logger, stopped, ready => {
    recording = ready
  })
  await until('the recorder is ready', () => recording !== undefined)
  const stopAndWait = async () => {
    stop()
    await ended
  }
  t.teardown(stopAndWait)
  const read = () => {
    using log = openLogReader(logFile)
    return [...log.read()]
  }
  return {
    logFile,
    lines,
    status: () => recording?.fleet() ?? null,
    head() {
      using log = openLogReader(logFile)
      const { position, hash } = log.head()
      return `${position} ${hash}`
    },
    recorded: () =>
      read().flatMap(({ source, messageId }) => (source === 'bus' ? [messageId] : [])),
    eventTypes: () => read().map(({ eventType }) => eventType),
    stop: stopAndWait,
  }
}

/** Run `mixmatch fleet init`. */
export async function runInit(
  t: ExecutionContext,
  broker: Broker,
  stream: string,
  logFile: string,
): Promise<Run> {
  const { cwd } = place(t, { 'mixmatch.conf': configurationOf(broker, { stream, password: 'pw' }) })
  return await mixmatch(cwd, 'fleet', 'init', '--from', logFile)
}

function configurationOf(
  broker: Broker,
  {
    stream,
    password,
    streamUrl,
  }: { stream: string | null; password: string; streamUrl?: string | undefined },
): string {
  const url = streamUrl ?? broker.url('stream')
  const fleet = stream === null ? '' : `[fleet]\nstream = ${url}?name=${stream}\n`
  const clouds = federated
    .replace('rabbit://rabbit.sp1/', broker.url('bus'))
    .replace('messagebus = rabbit://rabbit/', 'messagebus =')
  return `${clouds}[auth]\nusername = u\npassword = ${password}\n${fleet}`
}
