import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { chance } from '../sample/chance.js'
import { until } from '../until.js'
import { startAttackedProxy } from './attacked-proxy.js'
import { isLong, seed } from './scale.js'

const USERS = Array.from({ length: 40 }, (_, index) => `user${index}`)
const REQUESTS_EACH = isLong ? 100 : 12
const PATIENCE_MS = 120_000
/** A first request at a cloud logs in there: six requests to Keystone, which may take 15 s each. */
const LOGINS_AT_ONCE = 8

interface Image {
  readonly id: string
  readonly name: string
  readonly visibility: string
}

test('40 users at once see only their own images while Keystone and clouds fail at random, and all of them afterwards', async t => {
  t.log(`MIXMATCH_ATTACKS_SEED=${seed}`)
  const { next: random, pick } = chance(seed)
  let isFailing = false
  const idpTokensAbroad = new Set<string>()
  const digests = new Map<string, string>()
  const { url, logIn } = await startAttackedProxy(t, {
    members: USERS,
    intercept(cloud, request, response) {
      const token = String(request.headers['x-auth-token'] ?? '')
      const owner = digests.get(digest(token))
      // At its own Keystone the identity provider's token is at home.
      if (owner && cloud !== 'default') idpTokensAbroad.add(`${owner} at ${cloud}: ${request.url}`)
      if (!isFailing) return false
      const chance = random()
      if (chance < 0.05) request.socket.destroy()
      else if (chance < 0.1) response.writeHead(503).end()
      else if (chance < 0.15) response.writeHead(401).end()
      else return false
      return true
    },
  })
  const users = await Promise.all(
    USERS.map(async name => {
      const token = await logIn(name)
      digests.set(digest(token), name)
      return { name, token }
    }),
  )

  const ask = (token: string, path: string, at: string | null, json?: unknown) =>
    fetch(`${url}${path}`, {
      method: json === undefined ? 'GET' : 'POST',
      headers: {
        'X-Auth-Token': token,
        'Content-Type': 'application/json',
        ...(at ? { 'MM-Service-Provider': at } : {}),
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    })

  const images = new Map<string, Image>()
  const create = async ({ name, token }: (typeof users)[number], at: string) => {
    const made = await ask(token, '/image/v2/images', at, { name, visibility: 'private' })
    t.is(made.status, 201, `${name} creates at ${at}`)
    const image = (await made.json()) as Image
    images.set(image.id, image)
  }
  for (const at of ['default', 'sp1', 'sp2']) {
    for (let first = 0; first < users.length; first += LOGINS_AT_ONCE) {
      const some = users.slice(first, first + LOGINS_AT_ONCE)
      await Promise.all(some.map(user => create(user, at)))
    }
  }
  t.is(images.size, 3 * USERS.length)

  isFailing = true
  const statuses = new Map<number, number>()
  const all = [...images.values()]
  const ownedBy = (owner: string) => all.filter(({ name }) => name === owner)
  await Promise.all(
    users.map(async ({ name, token }) => {
      for (let count = 0; count < REQUESTS_EACH; count += 1) {
        await sleep(random() * 20)
        // Most images are foreign: every second one is the user's own.
        const some = random() < 0.5 ? all : ownedBy(name)
        const image = some[Math.floor(random() * some.length)]
        const isList = random() < 0.5
        const at = pick(['default', 'sp1', 'sp2', null])
        const path = isList ? '/image/v2/images' : `/image/v2/images/${image?.id}`
        const response = await ask(token, path, isList ? at : null)
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
        const text = await response.text()
        if (response.status !== 200) continue
        const shown = isList ? (JSON.parse(text) as { images: Image[] }).images : [JSON.parse(text)]
        const foreign = shown.filter(each => each.name !== name)
        t.deepEqual(foreign, [], `${name} got ${path} of ${at ?? 'any cloud'}`)
      }
    }),
  )
  t.log(`responses by status: ${JSON.stringify(Object.fromEntries(statuses))}`)
  t.true((statuses.get(200) ?? 0) > USERS.length, 'most lists succeed')
  t.true(
    [...statuses.keys()].some(status => status >= 500),
    'the failures reach the clients',
  )

  isFailing = false
  await Promise.all(
    users.map(async ({ name, token }) => {
      const own = ownedBy(name).map(({ id }) => id)
      let ids: string[] = []
      // A user whom a Keystone has refused gets nothing of its cloud for half a minute.
      await until(
        `${name} sees all own images`,
        async () => {
          const response = await ask(token, '/image/v2/images', null)
          const { images: shown = [] } = (await response.json()) as { images?: Image[] }
          ids = shown.map(({ id }) => id)
          return own.every(id => ids.includes(id))
        },
        120_000,
        1000,
      )
      t.deepEqual(ids.toSorted(), own.toSorted(), `the images of ${name}`)
    }),
  )
  t.deepEqual([...idpTokensAbroad], [], 'no token of the identity provider left it')
})

function digest(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
