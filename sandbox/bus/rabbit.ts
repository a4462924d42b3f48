import type { SpawnOptions } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { access, constants, mkdir, open } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { connect } from 'amqplib'
import { freePort } from '../free-port.js'
import { type Group, hasEnded, startGroup } from '../process-group.js'
import { environment, USER, writeFiles } from './rabbit-files.js'
import type { AmqpAddress } from './sandbox-bus.js'

/** A private RabbitMQ node with one virtual host for each cloud. */
interface Rabbit {
  address(vhost: string): AmqpAddress
  close(): Promise<void>
}

interface RabbitOptions {
  readonly vhosts: readonly string[]
  /** The folder for all its files; the caller removes it. */
  readonly directory: string
  /** Folders to search for `rabbitmq-server` and `epmd`, as in `PATH`. */
  readonly path: string
  /** How long it may take to start. */
  readonly patienceMs: number
}

/**
 * Where distributions keep the programs, before `PATH`: what Debian has in `/usr/sbin` changes to
 * another user, whose files ours are not.
 */
const PLACES = ['/usr/lib/rabbitmq/bin', '/opt/rabbitmq/sbin', '/usr/local/opt/rabbitmq/sbin']

/** @returns null if RabbitMQ is not installed */
export async function findRabbit(path: string): Promise<string | null> {
  return find('rabbitmq-server', [...PLACES, ...path.split(delimiter), '/usr/sbin'])
}

/**
 * Start a private node on free loopback ports, with an epmd, a name and a cookie of its own and
 * without plugins, so that it neither finds nor disturbs another RabbitMQ on this machine.
 *
 * @throws Error naming what did not start; nothing is left running then
 */
export async function startRabbit(
  program: string,
  { vhosts, directory, path, patienceMs }: RabbitOptions,
): Promise<Rabbit> {
  const epmd = await find('epmd', [...path.split(delimiter), '/usr/bin', '/usr/lib/erlang/bin'])
  if (epmd === null) throw new Error('epmd, which Erlang brings along, was not found')

  const [port, epmdPort, distributionPort] = await Promise.all([freePort(), freePort(), freePort()])
  const password = randomBytes(12).toString('hex')
  const home = join(directory, 'rabbitmq')
  await mkdir(home, { mode: 0o700 })
  await writeFiles(home, { port, password, vhosts })
  const env = environment(home, path, { epmdPort, distributionPort })

  const groups: Group[] = []
  const close = async () => {
    for (const group of groups.toReversed()) await group.end()
  }
  const address = (vhost: string): AmqpAddress => {
    return { hostname: '127.0.0.1', port, username: USER, password, vhost }
  }
  const log = await open(join(home, 'log'), 'a')
  const options = { env, cwd: home, stdio: ['ignore', log.fd, log.fd] } satisfies SpawnOptions
  try {
    groups.push(startGroup(epmd, ['-address', '127.0.0.1', '-port', String(epmdPort)], options))
    groups.push(startGroup(program, [], options))
    await Promise.all(vhosts.map(vhost => answers(address(vhost), groups, patienceMs)))
  } catch (error) {
    await close()
    throw error
  } finally {
    await log.close()
  }
  return { address, close }
}

async function answers(
  address: AmqpAddress,
  groups: readonly Group[],
  patienceMs: number,
): Promise<void> {
  const deadline = Date.now() + patienceMs
  for (;;) {
    try {
      const connection = await connect({ protocol: 'amqp', ...address })
      return await connection.close()
    } catch (cause) {
      const ended = groups.find(({ leader }) => hasEnded(leader))?.leader
      if (ended) throw new Error(`${ended.spawnfile} ended with ${ended.exitCode}`, { cause })
      if (Date.now() > deadline)
        throw new Error(`RabbitMQ did not answer within ${patienceMs / 1000} s`, { cause })
    }
    await setTimeout(250)
  }
}

async function find(program: string, places: readonly string[]): Promise<string | null> {
  for (const place of places) {
    const file = join(place, program)
    if (place !== '' && (await isExecutable(file))) return file
  }
  return null
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
