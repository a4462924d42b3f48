import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { environment, passwordHash } from '../../sandbox/bus/rabbit-files.js'

/** A RabbitMQ user with the patterns of its permissions in one virtual host. */
export interface BrokerUser {
  readonly name: string
  readonly password: string
  readonly vhost: string
  readonly configure: string
  readonly write: string
  readonly read: string
}

/** What one node of the cluster needs to know before it starts. */
export interface BrokerFacts {
  /** `mm1@localhost`. */
  readonly name: string
  readonly port: number
  readonly distributionPort: number
  readonly epmdPort: number
  /** The folder with the Erlang cookie that all nodes share. */
  readonly cookieHome: string
  /** The folder with the files of this node. */
  readonly home: string
  readonly vhosts: readonly string[]
  readonly users: readonly BrokerUser[]
  /** The names of all nodes of the cluster, this one included. */
  readonly members: readonly string[]
}

/** Seconds after which a silent node counts as down. RabbitMQ's default, 60, makes tests slow. */
const TICK_SECONDS = 8

/** Write the files that a node reads when it starts. */
export async function writeBrokerFiles(facts: BrokerFacts): Promise<void> {
  const { home } = facts
  await mkdir(home, { recursive: true, mode: 0o700 })
  await writeFile(join(home, 'plugins'), '[].')
  await writeFile(join(home, 'rabbitmq.conf'), configuration(facts))
  await writeFile(join(home, 'definitions.json'), definitions(facts), { mode: 0o600 })
}

/** The environment variables of a node. */
export function brokerEnvironment(facts: BrokerFacts, path: string): Record<string, string> {
  return {
    ...environment(facts.home, path, facts),
    HOME: facts.cookieHome,
    RABBITMQ_NODENAME: facts.name,
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
      '+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}',
  }
}

function configuration({ home, port, members }: BrokerFacts): string {
  return [
    `listeners.tcp.1 = 127.0.0.1:${port}`,
    `load_definitions = ${join(home, 'definitions.json')}`,
    'cluster_formation.peer_discovery_backend = classic_config',
    ...members.map(
      (name, index) => `cluster_formation.classic_config.nodes.${index + 1} = ${name}`,
    ),
    'cluster_partition_handling = pause_minority',
    `net_ticktime = ${TICK_SECONDS}`,
    'vm_memory_high_watermark.absolute = 512MB',
    'disk_free_limit.absolute = 50MB',
    'log.console = true',
    'log.console.level = info',
    'log.file = false',
    '',
  ].join('\n')
}

function definitions({ vhosts, users }: BrokerFacts): string {
  const names = [...new Set(users.map(({ name }) => name))]
  return JSON.stringify({
    vhosts: vhosts.map(name => ({ name })),
    users: names.map(name => ({
      name,
      password_hash: passwordHash(users.find(user => user.name === name)?.password ?? ''),
      hashing_algorithm: 'rabbit_password_hashing_sha256',
      tags: '',
    })),
    permissions: users.map(({ name, vhost, configure, write, read }) => ({
      user: name,
      vhost,
      configure,
      write,
      read,
    })),
  })
}
