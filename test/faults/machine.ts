import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AmqpAddress, openAmqpBus } from '../../sandbox/bus/sandbox-bus.js'
import { type Federation, startFederation } from '../../sandbox/federation.js'
import { freePort } from '../../sandbox/free-port.js'
import { renderSettings } from '../../sandbox/settings.js'
import { type Relay, startRelay } from '../bus/amqp/rabbit.js'
import { startBrokerCluster } from '../fleet/broker-cluster.js'
import type { BrokerNode } from '../fleet/broker-node.js'
import { createMixmatchNode, type MixmatchNode } from '../fleet/mixmatch-node.js'
import { until } from '../until.js'

/** Two miniature clouds with a bus each on one RabbitMQ, and one machine with Mixmatch in front of them. */
export interface Machine {
  readonly federation: Federation
  /** The RabbitMQ of all buses. */
  readonly broker: BrokerNode
  /** Not running yet. */
  readonly node: MixmatchNode
  busAddress(cloud: string): AmqpAddress
  close(): Promise<void>
}

/** May respond to a request instead of a cloud; returns whether it did. */
export type Intercept = (cloud: string, req: IncomingMessage, res: ServerResponse) => boolean

interface MachineOptions {
  readonly intercept?: Intercept
  /** Further lines of `mixmatch.conf`, before its first group. */
  readonly options?: readonly string[]
  /** Further environment variables of Mixmatch. */
  readonly env?: Readonly<Record<string, string>>
}

export const CLOUDS = ['default', 'sp1'] as const
const CONNECT_MS = 120_000
const PASSWORD = 'bus-secret'

/** @throws Error if RabbitMQ is missing or does not start; nothing is left running then */
export async function startMachine({
  intercept = () => false,
  options = [],
  env = {},
}: MachineOptions = {}): Promise<Machine> {
  const directory = await mkdtemp(join(tmpdir(), 'mixmatch-faults-'))
  const undo: (() => unknown)[] = []
  // The files of a failed run show the cause: MIXMATCH_FAULTS_KEEP=yes keeps them.
  if (!process.env['MIXMATCH_FAULTS_KEEP'])
    undo.push(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }))
  const close = async () => {
    for (const step of undo.splice(0).toReversed()) await step()
  }
  try {
    const all = { configure: '.*', write: '.*', read: '.*' }
    const users = CLOUDS.map(vhost => ({ name: 'bus', password: PASSWORD, vhost, ...all }))
    const cluster = await startBrokerCluster({ directory, vhosts: CLOUDS, users, size: 1 })
    undo.push(cluster.close)
    const [broker] = cluster.nodes
    if (!broker) throw new Error('a cluster of one has a node')
    const busAddress = (vhost: string): AmqpAddress => {
      return {
        hostname: '127.0.0.1',
        port: broker.port,
        username: 'bus',
        password: PASSWORD,
        vhost,
      }
    }
    const federation = await startFederation({
      clouds: CLOUDS,
      openBus: cloud => openAmqpBus(busAddress(cloud)),
      directory,
      intercept,
    })
    undo.push(federation.close)
    const relays = await startRelays(undo, broker.port)
    const node = await createNode(join(directory, 'machine'), federation, relays, { options, env })
    undo.push(node.kill)
    return { federation, broker, node, busAddress, close }
  } catch (error) {
    await close()
    throw error
  }
}

/**
 * Start the node, and wait until it consumes from both buses: it is ready before its queues are declared, and
 * no broker keeps what is published before that.
 */
export async function startNode({ node }: Pick<Machine, 'node'>): Promise<void> {
  await node.start()
  await node.untilReady()
  const connected = async () => (await node.readiness()).degraded.length === 0
  await until('both buses are connected', connected, CONNECT_MS)
}

/** A relay in front of the bus of each cloud. */
function startRelays(undo: (() => unknown)[], port: number): Promise<Relay[]> {
  const teardown = (stop: () => void) => void undo.push(stop)
  const start = () => startRelay({ teardown }, { hostname: '127.0.0.1', port })
  return Promise.all(CLOUDS.map(start))
}

async function createNode(
  home: string,
  federation: Federation,
  relays: readonly Relay[],
  { options, env }: Required<Pick<MachineOptions, 'options' | 'env'>>,
): Promise<MixmatchNode> {
  const clouds = federation.clouds.map((cloud, at) => ({
    ...cloud,
    messagebus: cloud.messagebus.replace(/:\d+\//, `:${relays[at]?.port}/`),
  }))
  const [port, opsPort] = [await freePort(), await freePort()]
  const settings = renderSettings({ clouds, port, opsPort, databaseFile: join(home, 'events.db') })
  return createMixmatchNode({
    name: 'the machine',
    port,
    opsPort,
    directory: home,
    settings: settings.replace('[DEFAULT]', ['[DEFAULT]', ...options].join('\n')),
    relays,
    env,
  })
}
