import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import type { Federation } from './federation.js'
import { people } from './people.js'

interface TrafficOptions {
  readonly federation: Federation
  readonly proxyUrl: string
  /** The pause between two requests of a user, after the first ones. */
  readonly everyMs: number
  /** Called with unexpected errors. The traffic goes on. */
  readonly report: (error: unknown) => void
}

/** Users who create, read and delete images, volumes and snapshots at all clouds, through the proxy. */
interface Traffic {
  close(): Promise<void>
}

type Person = (typeof people)[keyof typeof people]
interface Owned {
  readonly path: string
  readonly type: 'image' | 'volume' | 'snapshot'
  readonly id: string
}

/** The first requests come without a pause, so that the console has something to show. */
const FIRST = 14
const MOST_OWNED = 12
const NAMES = ['web', 'database', 'mail', 'archive', 'build', 'metrics', 'wiki', 'queue']
const IMAGE_BYTES = 32 * 1024

const created = z.union([
  z.object({ id: z.string() }),
  z.object({ volume: z.object({ id: z.string() }) }).transform(({ volume }) => volume),
  z.object({ snapshot: z.object({ id: z.string() }) }).transform(({ snapshot }) => snapshot),
])
const tokenBody = z.object({ token: z.object({ project: z.object({ id: z.string() }) }) })

export function startTraffic(options: TrafficOptions): Traffic {
  const closing = new AbortController()
  const users = [people.demo, people.altDemo].map(person => actAs(person, options, closing.signal))
  return {
    async close() {
      closing.abort()
      await Promise.all(users)
    },
  }
}

/** Send the requests of one user until the signal is aborted. */
async function actAs(person: Person, options: TrafficOptions, signal: AbortSignal): Promise<void> {
  const { federation, everyMs, report } = options
  const owned: Owned[] = []
  const clouds = federation.clouds.map(({ name }) => name)
  for (let turn = 0; !signal.aborted; turn += 1) {
    try {
      const user = await logIn(person, options, signal)
      // A token serves many requests. It is replaced now and then, before it expires.
      for (let request = 0; request < 200 && !signal.aborted; request += 1) {
        if (request >= FIRST || turn > 0) await pause(everyMs * (0.5 + Math.random()), signal)
        await act(user, owned, clouds)
      }
    } catch (error) {
      if (!signal.aborted) report(error)
      await pause(everyMs, signal)
    }
  }
}

interface User {
  readonly project: string
  /** @throws Error if the response is an error of the server */
  send(method: string, path: string, body?: object | Uint8Array, at?: string): Promise<Response>
}

async function logIn(
  { name, password, project }: Person,
  { federation, proxyUrl }: TrafficOptions,
  signal: AbortSignal,
): Promise<User> {
  const domain = { id: 'default' }
  const response = await fetch(`${federation.clouds[0]?.keystoneUrl}/auth/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      auth: {
        identity: { methods: ['password'], password: { user: { name, password, domain } } },
        scope: { project: { name: project, domain } },
      },
    }),
    signal,
  })
  const token = response.headers.get('X-Subject-Token') ?? ''
  return {
    project: tokenBody.parse(await response.json()).token.project.id,
    async send(method, path, body, at) {
      const isBytes = body instanceof Uint8Array
      const type = isBytes ? 'application/octet-stream' : 'application/json'
      const response = await fetch(`${proxyUrl}${path}`, {
        method,
        headers: {
          'X-Auth-Token': token,
          ...(body && { 'Content-Type': type }),
          ...(at && { 'MM-SERVICE-PROVIDER': at }),
        },
        ...(body && { body: isBytes ? Buffer.from(body) : JSON.stringify(body) }),
        signal,
      })
      if (response.status < 500 && response.status !== 401) return response
      throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    },
  }
}

/** One request, or two, of a user. */
async function act(user: User, owned: Owned[], clouds: readonly string[]): Promise<void> {
  const dice = Math.random()
  if (owned.length < MOST_OWNED / 2 || (dice < 0.3 && owned.length < MOST_OWNED)) {
    return createSomething(user, owned, pick(clouds))
  }
  if (dice < 0.5) return deleteOldest(user, owned)
  const one = pick(owned)
  const lists = ['/image/v2/images', `/volume/v3/${user.project}/volumes/detail`]
  const path = dice < 0.85 && one ? `${one.path}/${one.id}` : (pick(lists) ?? '')
  await (await user.send('GET', path)).arrayBuffer()
}

async function createSomething(
  user: User,
  owned: Owned[],
  cloud: string | undefined,
): Promise<void> {
  const volumes = `/volume/v3/${user.project}/volumes`
  const name = `${pick(NAMES)}-${Math.ceil(Math.random() * 9)}`
  const volume = owned.find(({ type }) => type === 'volume')
  const dice = Math.random()
  if (dice < 0.2 && volume) {
    const snapshot = { volume_id: volume.id, name, force: true }
    await create({ path: volumes.replace('volumes', 'snapshots'), type: 'snapshot' }, { snapshot })
  } else if (dice < 0.6) {
    const size = Math.ceil(Math.random() * 4)
    await create({ path: volumes, type: 'volume' }, { volume: { name, size } }, cloud)
  } else {
    const image = { name, disk_format: 'raw', container_format: 'bare' }
    const path = '/image/v2/images'
    const id = await create({ path, type: 'image' }, image, cloud)
    if (id) await user.send('PUT', `${path}/${id}/file`, new Uint8Array(IMAGE_BYTES))
  }

  async function create(kind: Omit<Owned, 'id'>, body: object, at?: string) {
    const response = await user.send('POST', kind.path, body, at)
    const { success, data } = created.safeParse(await response.json())
    if (success) owned.push({ ...kind, id: data.id })
    return data?.id
  }
}

/** The snapshots of a volume go before it. */
async function deleteOldest(user: User, owned: Owned[]): Promise<void> {
  const place = Math.max(
    0,
    owned.findIndex(({ type }) => type === 'snapshot'),
  )
  const [oldest] = owned.splice(place, 1)
  if (oldest) await (await user.send('DELETE', `${oldest.path}/${oldest.id}`)).arrayBuffer()
}

function pick<Item>(items: readonly Item[]): Item | undefined {
  return items[Math.floor(Math.random() * items.length)]
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => undefined)
}
