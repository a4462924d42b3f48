import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const here = fileURLToPath(new URL('.', import.meta.url))

/** The command of the lab, see README.md. */
export const labCommand = `${here}lab`

/** The addresses of the clouds. The lab always uses these. */
export const hosts = { default: '127.0.0.1', sp1: '127.0.0.2' } as const
export type Cloud = keyof typeof hosts

/** All passwords of the lab: of the users, of the proxy and of the buses. */
export const passwords = [
  'lab-demo',
  'lab-mixmatch',
  'lab-proxy',
  'lab-admin',
  'lab-openstack',
] as const

/** Run a command of the lab: `lab('kill', 'rabbit@sp1')`. */
export async function lab(...args: readonly string[]): Promise<string> {
  return output('bash', [labCommand, ...args], process.env)
}

/** The unmodified `openstack` client as demo at `default`. */
export const openstack = client('openstack')
/** The command of python-glanceclient, also as demo. */
export const glance = client('glance')
/** The command of python-cinderclient, also as demo. */
export const cinder = client('cinder')

/** The output of `openstack … -f json`. */
export async function openstackJson(...args: readonly string[]): Promise<Record<string, unknown>> {
  return JSON.parse(await openstack(...args, '-f', 'json'))
}

/** Create a resource at a given cloud, with or without the proxy, with the Python clients: see py/place.py. */
export async function place(
  cloud: Cloud,
  kind: 'image' | 'volume',
  name: string,
  what: string,
  ...past: readonly 'past'[]
): Promise<string> {
  return (await python('place', cloud, kind, name, what, ...past)).trim()
}

/** One of the programs in `py`. */
export async function python(program: string, ...args: readonly string[]): Promise<string> {
  return output('/usr/bin/python3', ['-B', `${here}py/${program}.py`, ...args], process.env)
}

/** A token of demo, scoped to its project at `default`. */
export async function demoToken(): Promise<ScopedToken> {
  return login('default', 'demo')
}

/** Whether a cloud has a resource. The administrator of the cloud asks it without the proxy. */
export async function holds(
  cloud: Cloud,
  kind: 'image' | 'volume' | 'snapshot',
  id: string,
): Promise<boolean> {
  const { token, project } = await login(cloud, 'admin')
  const volumes = `http://${hosts[cloud]}:8776/v3/${project}`
  const path = {
    image: `http://${hosts[cloud]}:9292/v2/images/${id}`,
    volume: `${volumes}/volumes/${id}`,
    snapshot: `${volumes}/snapshots/${id}`,
  }
  const response = await fetch(path[kind], { headers: { 'X-Auth-Token': token } })
  await response.text()
  if (response.status !== 200 && response.status !== 404)
    throw new Error(`${cloud} was asked for ${kind} ${id} and answered ${response.status}`)
  return response.status === 200
}

interface ScopedToken {
  readonly token: string
  readonly project: string
}

async function login(cloud: Cloud, user: 'demo' | 'admin'): Promise<ScopedToken> {
  const name = { name: user, domain: { id: 'default' } }
  const identity = { user: { ...name, password: `lab-${user}` } }
  const response = await fetch(`http://${hosts[cloud]}:5000/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      auth: {
        identity: { methods: ['password'], password: identity },
        scope: { project: name },
      },
    }),
  })
  const token = response.headers.get('X-Subject-Token')
  if (!token) throw new Error(`Keystone at ${cloud} gave ${user} no token: ${response.status}`)
  const body = (await response.json()) as { token: { project: { id: string } } }
  return { token, project: body.token.project.id }
}

function client(command: string): (...args: readonly string[]) => Promise<string> {
  return async (...args) => output(`/usr/bin/${command}`, args, { ...(await demo()) })
}

/** Only the OS_* variables of demo, so that no setting of the host has an effect. */
async function demo(): Promise<Record<string, string>> {
  const exports = await lab('env', 'default', 'demo')
  const pairs = [...exports.matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value = '']) => [
    name,
    value,
  ])
  return { ...Object.fromEntries(pairs), PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' }
}

async function output(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  try {
    const running = run(command, args, { env, maxBuffer: 64 * 1024 * 1024, timeout: 300_000 })
    running.child.stdin?.end() // `openstack image create` would read an image from it
    return (await running).stdout
  } catch (cause) {
    const { stderr, stdout } = cause as { stderr?: string; stdout?: string }
    throw new Error(`${command} ${args.join(' ')}: ${stderr || stdout || cause}`, { cause })
  }
}
