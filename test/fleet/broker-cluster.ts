import { randomBytes } from 'node:crypto'
import { access, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../sandbox/free-port.js'
import { startGroup } from '../../sandbox/process-group.js'
import { endWithAva } from '../end-with-ava.js'
import { until } from '../until.js'
import type { BrokerFacts, BrokerUser } from './broker-files.js'
import { type BrokerNode, createBrokerNode, PROGRAMS } from './broker-node.js'

/** A RabbitMQ cluster on loopback, with an epmd and a cookie of its own. */
export interface BrokerCluster {
  readonly nodes: readonly BrokerNode[]
  /** Lose a node with its disk, and put a new one of the same name and address in its place. */
  replace(node: BrokerNode): Promise<void>
  close(): Promise<void>
}

interface ClusterOptions {
  readonly directory: string
  readonly vhosts: readonly string[]
  readonly users: readonly BrokerUser[]
  /** How many nodes; three by default. */
  readonly size?: number
}

/**
 * Start a cluster, and wait until all its nodes know each other.
 *
 * @throws Error if RabbitMQ is not installed, or if a node does not start; nothing is left running then
 */
export async function startBrokerCluster(options: ClusterOptions): Promise<BrokerCluster> {
  await requireRabbit()
  endWithAva()
  const { directory, size = 3 } = options
  const cookieHome = join(directory, 'erlang')
  await mkdir(cookieHome, { recursive: true, mode: 0o700 })
  const cookie = randomBytes(12).toString('hex')
  await writeFile(join(cookieHome, '.erlang.cookie'), cookie, { mode: 0o400 })

  const epmdPort = await freePort()
  const epmd = startGroup('epmd', ['-address', '127.0.0.1', '-port', String(epmdPort)], {
    env: { ...process.env, HOME: cookieHome },
    stdio: 'ignore',
  })
  // Two clusters on one machine must not have nodes of one name: Erlang keeps them apart by epmd only.
  const members = Array.from({ length: size }, (_, at) => `mm${at + 1}_${process.pid}@localhost`)
  const nodes: BrokerNode[] = []
  const close = async () => {
    await Promise.all(nodes.map(node => node.close()))
    await epmd.end()
  }
  try {
    for (const name of members) nodes.push(createBrokerNode(await factsOf(name), cookie))
    for (const node of nodes) await node.start()
    for (const node of nodes) await node.answers()
    await untilFormed(nodes)
  } catch (error) {
    await close()
    throw error
  }

  async function factsOf(name: string): Promise<BrokerFacts> {
    const home = join(directory, name)
    const [port, distributionPort] = [await freePort(), await freePort()]
    const { vhosts, users } = options
    return { name, port, distributionPort, epmdPort, cookieHome, home, vhosts, users, members }
  }

  return {
    nodes,
    async replace(node) {
      const survivor = nodes.find(other => other !== node)
      if (!survivor) throw new Error('a cluster has several nodes')
      await node.discard()
      await untilStreamsAreLedElsewhere(node, survivor, options.vhosts)
      await survivor.command('rabbitmqctl', 'forget_cluster_node', node.name)
      await node.start()
      await node.answers()
      // Under load it may not reach the others in time. It begins a cluster of its own then.
      if (await isAlone(node)) await joinCluster(node, survivor)
      await untilFormed(nodes)
    },
    close,
  }
}

/** Clustering is a race between nodes that start at once, and a node that lost it would be alone. */
function untilFormed(nodes: readonly BrokerNode[]): Promise<void> {
  const names = nodes.map(({ name }) => name).sort()
  return until(`${names.join(', ')} are one cluster`, async () => {
    const [first] = nodes
    return first !== undefined && (await runningNodes(first)).join() === names.join()
  })
}

/** RabbitMQ deletes a stream whose leader is still the node that its cluster is told to forget (3.10). */
function untilStreamsAreLedElsewhere(
  lost: BrokerNode,
  survivor: BrokerNode,
  vhosts: readonly string[],
): Promise<void> {
  return until(`the streams of ${lost.name} have another leader`, async () => {
    const asked = vhosts.map(vhost =>
      survivor.command(
        'rabbitmqctl',
        'list_queues',
        '--silent',
        '--vhost',
        vhost,
        'type',
        'leader',
      ),
    )
    const lists = await Promise.all(asked).catch(() => null)
    const leaders = lists?.flatMap(list => [...list.matchAll(/^stream\t(.*)$/gm)])
    // Between two leaders there is none.
    return leaders?.every(([, leader]) => leader !== '' && leader !== lost.name) ?? false
  })
}

async function isAlone(node: BrokerNode): Promise<boolean> {
  return (await runningNodes(node)).length === 1
}

async function joinCluster(node: BrokerNode, member: BrokerNode): Promise<void> {
  await node.command('rabbitmqctl', 'stop_app')
  await node.command('rabbitmqctl', 'reset')
  await node.command('rabbitmqctl', 'join_cluster', member.name)
  await node.command('rabbitmqctl', 'start_app')
}

/** The running nodes that a node knows. Clients can log in a moment before it answers this. */
async function runningNodes(node: BrokerNode): Promise<readonly string[]> {
  let status = ''
  await until(`${node.name} tells the state of its cluster`, async () => {
    const asked = node.command('rabbitmqctl', 'cluster_status', '--formatter', 'json')
    status = await asked.catch(() => '')
    return status !== ''
  })
  const { running_nodes: running }: { running_nodes: string[] } = JSON.parse(status)
  return running.toSorted()
}

async function requireRabbit(): Promise<void> {
  try {
    await access(join(PROGRAMS, 'rabbitmq-server'))
  } catch (cause) {
    throw new Error(
      `${PROGRAMS}/rabbitmq-server is missing: these tests need RabbitMQ 3.9 or later ` +
        '(apt-get install rabbitmq-server)',
      { cause },
    )
  }
}
