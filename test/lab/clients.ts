import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const here = fileURLToPath(new URL('.', import.meta.url))

/** The lab's own command, see README.md. */
export const labCommand = `${here}lab`

/** Where the clouds are: constants of the lab. */
export const hosts = { default: '127.0.0.1', sp1: '127.0.0.2' } as const
export type Cloud = keyof typeof hosts

/** Every password that is in use: by the users, by the proxy and on the buses. */
export const passwords = [
  'lab-demo',
  'lab-mixmatch',
  'lab-proxy',
  'lab-admin',
  'lab-openstack',
] as const

/** Have the lab do it: `lab('kill', 'rabbit@sp1')`. */
export async function lab(...args: readonly string[]): Promise<string> {
  return output('bash', [labCommand, ...args], process.env)
}

/** The unmodified `openstack` client as demo at `default`. */
export const openstack = client('openstack')
/** python-glanceclient's command, likewise. */
export const glance = client('glance')
/** python-cinderclient's command, likewise. */
export const cinder = client('cinder')

/** What `openstack … -f json` says. */
export async function openstackJson(...args: readonly string[]): Promise<Record<string, unknown>> {
  return JSON.parse(await openstack(...args, '-f', 'json'))
}

/** Create at a chosen cloud, through the proxy or past it, with the Python clients: see py/place.py. */
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

/** A token of demo's, scoped to its project at `default`. */
export async function demoToken(): Promise<ScopedToken> {
  return login('default', 'demo')
}

/** Whether a cloud itself holds it, asked past the proxy as the administrator there. */
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

/** demo's OS_* variables and nothing else, so that no setting of the machine's takes part. */
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
