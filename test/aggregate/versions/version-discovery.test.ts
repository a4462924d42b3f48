import type { IncomingMessage, ServerResponse } from 'node:http'
import test from 'ava'
import { type Cloud, idp, sp1 } from '../../http/federation.js'
import { type ListCloud, startListCloud } from '../lists/list-cloud.js'
import { startListProxy } from '../lists/list-proxy.js'

const nobody = {}
const user = { 'X-Auth-Token': 'good' }
const base = 'https://cloud.example/resource'

/** Responds to version discovery like the real services, with these versions. */
function discovers(listCloud: ListCloud, images: string[], minor: number): void {
  listCloud.instead = (req, res) => answer(listCloud.cloud, images, minor, req, res)
}

function answer(
  { url }: Cloud,
  images: string[],
  minor: number,
  req: IncomingMessage,
  res: ServerResponse,
): boolean {
  const version = (id: string, rest: object) => ({
    id,
    status: id === images[0] || id === 'v3.0' ? 'CURRENT' : 'SUPPORTED',
    links: [{ rel: 'self', href: `${url}/${id.split('.')[0]}/` }],
    ...rest,
  })
  const image = images.map(id => version(id, {}))
  const volume = [version('v3.0', { version: `3.${minor}`, min_version: '3.0' })]
  const say = (status: number, body: object) => {
    res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
    return true
  }
  switch (req.url) {
    case '/image/':
      return say(300, { versions: image })
    case '/volume/':
      return say(300, { versions: volume })
    case '/image/versions':
      return say(200, { versions: image })
    case '/volume/v3/':
      return req.headers['x-auth-token'] ? say(200, { versions: volume }) : say(401, { error: {} })
    default:
      return say(404, { error: {} })
  }
}

const endpointPath = (service: string) => `/${service}`

async function twoClouds(t: Parameters<typeof startListCloud>[0]) {
  const home = await startListCloud(t, idp)
  const far = await startListCloud(t, sp1)
  discovers(home, ['v2.15', 'v2.9', 'v2.7'], 70)
  discovers(far, ['v2.13', 'v2.9', 'v2.7'], 59)
  return [home, far] as const
}

const ids = (json: { versions: { id: string }[] }) => json.versions.map(({ id }) => id)

for (const [path, status] of [
  ['/image', 300],
  ['/image/', 300],
  ['/image/versions', 200],
] as const) {
  test(`${path} shows the versions that all clouds have without a token, with ${status}`, async t => {
    const proxy = await startListProxy(t, await twoClouds(t), { endpointPath })
    const answer = await proxy.get(path, nobody)
    t.is(answer.status, status)
    t.deepEqual(ids(answer.json).slice(0, 2), ['v2.9', 'v2.7'])
    t.is(answer.json.versions[0].status, 'CURRENT')
    t.deepEqual(answer.json.versions[0].links, [{ rel: 'self', href: `${base}/image/v2/` }])
  })
}

test('the microversions of Cinder are those of all clouds, with a token', async t => {
  const proxy = await startListProxy(t, await twoClouds(t), { endpointPath })
  t.is((await proxy.get('/volume/v3/', nobody)).status, 401)
  const { status, json } = await proxy.get('/volume/v3/', user)
  t.is(status, 200)
  t.deepEqual(json.versions, [
    {
      id: 'v3.0',
      status: 'CURRENT',
      version: '3.59',
      min_version: '3.0',
      links: [{ rel: 'self', href: `${base}/volume/v3/` }],
    },
  ])
})

test('a version that the identity provider does not have is 404', async t => {
  const proxy = await startListProxy(t, await twoClouds(t), { endpointPath })
  t.is((await proxy.get('/volume/v2/', user)).status, 404)
})

test('version documents are fetched once for many requests, without a token', async t => {
  const [home, far] = await twoClouds(t)
  const proxy = await startListProxy(t, [home, far], { endpointPath })
  await Promise.all([proxy.get('/image', user), proxy.get('/image', user)])
  await proxy.get('/image', user)
  t.deepEqual([home.cloud.seen, far.cloud.seen], [['GET /image/'], ['GET /image/']])
  t.is(far.cloud.requests[0]?.headers['x-auth-token'], undefined)
  t.is(far.cloud.requests[0]?.headers['mm-proxy-list'], 'home')
})

for (const [which, down] of [
  ['a service provider', 1],
  ['the identity provider', 0],
] as const) {
  test(`discovery works while ${which} is down`, async t => {
    const listClouds = await twoClouds(t)
    listClouds[down].instead = req => Boolean(req.socket.destroy())
    const proxy = await startListProxy(t, listClouds, { endpointPath })
    const image = await proxy.get('/image', nobody)
    t.is(image.status, 300)
    t.is(ids(image.json)[0], down === 1 ? 'v2.15' : 'v2.13')
    const volume = await proxy.get('/volume/v3/', user)
    t.is(volume.status, 200)
    t.deepEqual(ids(volume.json), ['v3.0'])
    t.is(volume.json.versions[0].version, down === 1 ? '3.70' : '3.59')
  })
}

test('if no cloud responds, discovery is 503', async t => {
  const listClouds = await twoClouds(t)
  for (const listCloud of listClouds) listCloud.instead = req => Boolean(req.socket.destroy())
  const proxy = await startListProxy(t, listClouds, { endpointPath })
  t.is((await proxy.get('/image', nobody)).status, 503)
})

test('with MM-SERVICE-PROVIDER, discovery shows the versions of that cloud', async t => {
  const proxy = await startListProxy(t, await twoClouds(t), { endpointPath })
  const { status, json } = await proxy.get('/image', { 'MM-SERVICE-PROVIDER': 'sp1' })
  t.is(status, 300)
  t.deepEqual(ids(json).slice(0, 3), ['v2.13', 'v2.9', 'v2.7'])
  t.is(json.versions[0].links[0].href, `${base}/image/v2/`)
})

test('without aggregation and search, discovery shows the versions of the identity provider', async t => {
  const proxy = await startListProxy(t, await twoClouds(t), { endpointPath, aggregation: false })
  const { status, json } = await proxy.get('/image', nobody)
  t.is(status, 300)
  t.is(ids(json)[0], 'v2.15')
  t.is(json.versions[0].links[0].href, `${base}/image/v2/`)
})
