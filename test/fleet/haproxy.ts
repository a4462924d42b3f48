import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { freePort } from '../../sandbox/free-port.js'
import { until } from '../until.js'

/** Where a node listens: its proxy, and its port for operators. */
interface NodeAddress {
  readonly url: string
  readonly opsUrl: string
}

/** A running HAProxy with the configuration for operators. */
export interface HaProxy {
  /** `http://127.0.0.1:<port>` for clients. */
  readonly url: string
  /** The state of each server, by its name: `UP`, `DOWN`. */
  states(): Promise<ReadonlyMap<string, string>>
  close(): Promise<void>
}

const shipped = new URL('../../httpd/haproxy-fleet.cfg', import.meta.url)

/**
 * Start HAProxy in front of three nodes. Only addresses are replaced in `httpd/haproxy-fleet.cfg`, and
 * TLS is left out.
 *
 * @throws Error with HAProxy's own words if it does not accept the file
 */
export async function startHaProxy(
  directory: string,
  nodes: readonly NodeAddress[],
): Promise<HaProxy> {
  const port = await freePort()
  const socket = join(directory, 'haproxy.sock')
  const config = join(directory, 'haproxy.cfg')
  await writeFile(config, adapt(await readFile(shipped, 'utf8'), { port, socket, nodes }))
  const child = spawn('haproxy', ['-f', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  const exited = once(child, 'exit')
  let said = ''
  child.stderr.on('data', (bytes: Buffer) => {
    said += bytes
  })
  await until('haproxy serves', () => {
    if (child.exitCode !== null) throw new Error(`haproxy does not serve: ${said}`)
    return answers(port)
  })
  return {
    url: `http://127.0.0.1:${port}`,
    async states() {
      const rows = (await ask(socket, 'show stat')).split('\n').map(row => row.split(','))
      const servers = rows.filter(([proxy, name]) => proxy === 'ready' && name?.startsWith('node'))
      return new Map(servers.map(([, name = '', ...rest]) => [name, rest[STATUS - 2] ?? '']))
    },
    async close() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

/** The column `status` of `show stat`. */
const STATUS = 17

interface Addresses {
  readonly port: number
  readonly socket: string
  readonly nodes: readonly NodeAddress[]
}

/** @throws Error if the file does not contain what is to be replaced: another file would be tested then */
function adapt(text: string, { port, socket, nodes }: Addresses): string {
  const replace = (before: string, pattern: RegExp, value: string) => {
    if (!pattern.test(before)) throw new Error(`haproxy-fleet.cfg has nothing like ${pattern}`)
    return before.replace(pattern, value)
  }
  const bound = replace(text, /bind \*:443 .*/, `bind 127.0.0.1:${port}`)
  const watched = replace(bound, /stats socket \S+/, `stats socket ${socket}`)
  return nodes.reduce((fitted, node, index) => {
    const address = `192\\.0\\.2\\.1${index + 1}`
    const at = replace(fitted, new RegExp(`${address}:5001`, 'g'), new URL(node.url).host)
    const checked = new RegExp(`(server node${index + 1} .*) port 9914`)
    return replace(at, checked, `$1 port ${new URL(node.opsUrl).port}`)
  }, watched)
}

async function ask(socket: string, command: string): Promise<string> {
  const stream = connect(socket)
  stream.end(`${command}\n`)
  let text = ''
  for await (const bytes of stream) text += bytes
  return text
}

async function answers(port: number): Promise<boolean> {
  const stream = connect(port, '127.0.0.1')
  try {
    await once(stream, 'connect')
    return true
  } catch {
    return false
  } finally {
    stream.destroy()
  }
}
