import { createHash, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The only user of the private RabbitMQ. */
export const USER = 'sandbox'

interface RabbitFacts {
  readonly port: number
  readonly password: string
  readonly vhosts: readonly string[]
}

/** Write what a private RabbitMQ reads when it starts: settings, no plugins, users and virtual hosts. */
export async function writeFiles(home: string, facts: RabbitFacts): Promise<void> {
  await writeFile(join(home, 'plugins'), '[].')
  await writeFile(join(home, 'rabbitmq.conf'), configuration(home, facts.port))
  await writeFile(join(home, 'definitions.json'), definitions(facts), { mode: 0o600 })
}

/** The environment variables of the RabbitMQ node. */
export function environment(
  home: string,
  path: string,
  { epmdPort, distributionPort }: { epmdPort: number; distributionPort: number },
): Record<string, string> {
  return {
    PATH: path,
    LC_ALL: 'C.UTF-8',
    HOME: home, // Erlang writes its cookie here
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: `mixmatch_sandbox_${process.pid}@localhost`,
    RABBITMQ_DIST_PORT: String(distributionPort),
    RABBITMQ_CONFIG_FILE: join(home, 'rabbitmq.conf'),
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_ENABLED_PLUGINS_FILE: join(home, 'plugins'),
    RABBITMQ_MNESIA_BASE: home,
    RABBITMQ_LOG_BASE: home,
    RABBITMQ_LOGS: '-',
    RABBITMQ_GENERATED_CONFIG_DIR: home,
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
      '+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}',
  }
}

function configuration(home: string, port: number): string {
  return [
    `listeners.tcp.1 = 127.0.0.1:${port}`,
    `load_definitions = ${join(home, 'definitions.json')}`,
    'vm_memory_high_watermark.absolute = 512MB',
    'disk_free_limit.absolute = 50MB',
    'log.console = true',
    'log.console.level = warning',
    'log.file = false',
    '',
  ].join('\n')
}

function definitions({ vhosts, password }: RabbitFacts): string {
  return JSON.stringify({
    vhosts: vhosts.map(name => ({ name })),
    users: [
      {
        name: USER,
        password_hash: passwordHash(password),
        hashing_algorithm: 'rabbit_password_hashing_sha256',
        tags: '',
      },
    ],
    permissions: vhosts.map(vhost => ({
      user: USER,
      vhost,
      configure: '.*',
      write: '.*',
      read: '.*',
    })),
  })
}

/** A salt of four bytes, and the SHA-256 of salt and password: https://www.rabbitmq.com/docs/passwords */
export function passwordHash(password: string): string {
  const salt = randomBytes(4)
  const digest = createHash('sha256').update(salt).update(password).digest()
  return Buffer.concat([salt, digest]).toString('base64')
}
