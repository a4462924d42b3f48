import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findRabbit, startRabbit } from '../../sandbox/bus/rabbit.js'
import { type AmqpAddress, openAmqpBus } from '../../sandbox/bus/sandbox-bus.js'
import { type Federation, startFederation } from '../../sandbox/federation.js'
import { freePort } from '../../sandbox/free-port.js'
import { renderSettings } from '../../sandbox/settings.js'
import { type Relay, startRelay } from '../bus/amqp/rabbit.js'
import { type BrokerCluster, startBrokerCluster } from './broker-cluster.js'
import { createMixmatchNode, type MixmatchNode } from './mixmatch-node.js'
import { STREAM, STREAM_USER, STREAM_VHOST } from './stream-user.js'
import { countWrites, type WriteCounter } from './write-counter.js'

/** Two miniature clouds with a bus each, and three nodes of Mixmatch on one stream in front of them. */
export interface Fleet {
  readonly directory: string
  readonly federation: Federation
  readonly cluster: BrokerCluster
  /** Not running yet. */
  readonly nodes: readonly MixmatchNode[]
  /** The writes that reached each cloud. */
  readonly writes: WriteCounter
  /** Where the services of a cloud publish. */
  busAddress(cloud: string): AmqpAddress
  /** One more node, with an empty log; `stream: false` is a single machine, with a bus queue of its own. */
  addNode(name: string, options?: NodeOptions): Promise<MixmatchNode>
  close(): Promise<void>
}

interface NodeOptions {
  readonly stream?: boolean
  /** Whether unknown ids are searched for at all clouds. */
  readonly search?: boolean
  /** Whether it reaches the brokers through relays, which can cut it off but cost time. */
  readonly relayed?: boolean
  /** Further lines of `mixmatch.conf`, before its first group. */
  readonly options?: readonly string[]
}

export const CLOUDS = ['default', 'sp1'] as const
const BUS_START_MS = 180_000

/** @throws Error if RabbitMQ is missing or does not start; nothing is left running then */
export async function startFleet(nodeOptions: NodeOptions = {}): Promise<Fleet> {
  const directory = await mkdtemp(join(tmpdir(), 'mixmatch-fleet-'))
  const undo: (() => unknown)[] = []
  // The files of a failed run show the cause: MIXMATCH_FLEET_KEEP=yes keeps them.
  if (!process.env['MIXMATCH_FLEET_KEEP'])
    undo.push(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }))
  const close = async () => {
    const problems: unknown[] = []
    for (const step of undo.splice(0).toReversed()) {
      // A process that still runs would keep AVA from ending.
      await Promise.resolve(step()).catch(error => problems.push(error))
    }
    if (problems.length > 0) throw new AggregateError(problems, problems.map(String).join('; '))
  }
  try {
    const starting = startBuses(join(directory, 'buses'))
    undo.push(() => starting.then(({ close: closeBuses }) => closeBuses()).catch(() => {}))
    const options = { directory, vhosts: [STREAM_VHOST], users: [STREAM_USER] }
    const cluster = await startBrokerCluster(options)
    undo.push(cluster.close)
    const buses = await starting
    const writes = countWrites()
    const federation = await startFederation({
      clouds: CLOUDS,
      openBus: cloud => openAmqpBus(buses.address(cloud)),
      directory,
      intercept: writes.intercept,
    })
    undo.push(federation.close)
    const nodes: MixmatchNode[] = []
    const parts = { directory, federation, cluster, busAddress: buses.address, undo }
    const addNode: Fleet['addNode'] = (name, options) =>
      createNode(name, parts, { ...nodeOptions, ...options })
    for (const at of [1, 2, 3]) nodes.push(await addNode(`node${at}`))
    return { ...parts, nodes, writes, addNode, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The buses are a broker of their own: a service provider does not share its RabbitMQ. */
async function startBuses(directory: string) {
  const path = process.env['PATH'] ?? ''
  const program = await findRabbit(path)
  if (program === null) throw new Error('rabbitmq-server is not installed')
  await mkdir(directory, { recursive: true })
  return startRabbit(program, { vhosts: CLOUDS, directory, path, patienceMs: BUS_START_MS })
}

interface NodeParts {
  readonly directory: string
  readonly federation: Federation
  readonly cluster: BrokerCluster
  readonly busAddress: Fleet['busAddress']
  readonly undo: (() => unknown)[]
}

async function createNode(
  name: string,
  { directory, federation, cluster, busAddress, undo }: NodeParts,
  { stream = true, search = true, relayed = true, options = [] }: NodeOptions,
): Promise<MixmatchNode> {
  const relays: Relay[] = []
  const relayTo = async (port: number) => {
    if (!relayed) return port
    const teardown = (stop: () => void) => void undo.push(stop)
    const relay = await startRelay({ teardown }, { hostname: '127.0.0.1', port })
    relays.push(relay)
    return relay.port
  }
  const streamPorts = stream
    ? await Promise.all(cluster.nodes.map(({ port }) => relayTo(port)))
    : []
  const clouds = await Promise.all(
    federation.clouds.map(async cloud => {
      const { port } = busAddress(cloud.name)
      const to = await relayTo(port)
      return { ...cloud, messagebus: cloud.messagebus.replace(`:${port}/`, `:${to}/`) }
    }),
  )
  const home = join(directory, name)
  const [port, opsPort] = [await freePort(), await freePort()]
  const settings = renderSettings({ clouds, port, opsPort, databaseFile: join(home, 'events.db') })
    .replace('search_by_broadcast=true', `search_by_broadcast=${search}`)
    .replace('[DEFAULT]', ['[DEFAULT]', 'workers = 1', ...options].join('\n'))
  const fleetGroup = stream ? `\n[fleet]\nstream = ${streamUrl(streamPorts)}\n` : ''
  const node = await createMixmatchNode({
    name,
    port,
    opsPort,
    directory: home,
    settings: settings + fleetGroup,
    relays,
  })
  undo.push(node.kill)
  return node
}

function streamUrl(ports: readonly number[]): string {
  const { name, password, vhost } = STREAM_USER
  const hosts = ports.map(port => `127.0.0.1:${port}`).join(',')
  return `rabbit://${name}:${password}@${hosts}/${vhost}?name=${STREAM}`
}
