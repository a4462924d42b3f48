import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import test from 'ava'
import { MixmatchError } from '../../src/errors.js'
import { Token } from '../../src/identity/token.js'
import { alice, bob, disk, idp, image } from '../controls.js'
import { answerTo, ask, bodyOf, open } from '../upstream/wire.js'
import { at, json, KEYSTONE, project, sp1, sp2, startCloud, startProxy } from './federation.js'

const good = { 'X-Auth-Token': 'good' }
const jsonBody = { ...good, 'Content-Type': 'application/json' }

test('a request without a token is rejected before any cloud is asked', async t => {
  const home = await startCloud(t, idp, json(200, {}))
  const { url, access } = await startProxy(t, { clouds: [home] })
  const answer = await ask(`${url}/image/v2/images`)
  t.is(answer.status, 401)
  t.is(answer.headers['www-authenticate'], `Keystone uri="${KEYSTONE}"`)
  t.like(JSON.parse(answer.body.toString()), { error: { code: 401, title: 'Unauthorized' } })
  t.deepEqual(home.seen, [])
  t.like(await access(), { status: 401, decision: null, project: null })
})

test('a request with an invalid token is rejected', async t => {
  const home = await startCloud(t, idp, json(200, {}))
  const { url } = await startProxy(t, { clouds: [home] })
  const answer = await ask(`${url}/volume/v3/${alice}/volumes`, {
    headers: { 'X-Auth-Token': 'bad' },
  })
  t.is(answer.status, 401)
  t.deepEqual(home.seen, [])
})

test('a Keystone that is down gives 503 with Retry-After, in the form of the service', async t => {
  const home = await startCloud(t, idp, json(200, {}))
  const { url } = await startProxy(t, {
    clouds: [home],
    identity: {
      async authenticate() {
        throw new MixmatchError('IDENTITY_UNAVAILABLE', 'Keystone does not answer.')
      },
    },
  })
  const answer = await ask(`${url}/volume/v3/${alice}/volumes`, { headers: good })
  t.is(answer.status, 503)
  t.true(Number(answer.headers['retry-after']) > 0)
  const message = 'Keystone does not answer.'
  t.deepEqual(JSON.parse(answer.body.toString()), { serviceUnavailable: { code: 503, message } })
})

test('a request that has passed this proxy before is rejected before its token is checked', async t => {
  const home = await startCloud(t, idp, json(200, {}))
  const there = await startCloud(t, sp1, json(200, {}))
  let authenticated = 0
  const { url } = await startProxy(t, {
    clouds: [home, there],
    places: [at(sp1, image.id)],
    identity: {
      async authenticate() {
        authenticated += 1
        throw new MixmatchError('NOT_AUTHENTICATED', 'The token is not valid.')
      },
    },
  })
  const path = `${url}/image/v2/images/${image.id}`
  const passed = { ...good, 'MM-PROXY-LIST': 'other, home' }
  const preflight = { Origin: 'https://horizon', 'Access-Control-Request-Method': 'GET' }
  for (const [method, address, headers] of [
    ['GET', path, passed],
    ['GET', `${url}/image/versions`, passed],
    ['OPTIONS', path, { ...passed, ...preflight }],
  ] as const) {
    const answer = await ask(address, { method, headers })
    t.is(answer.status, 508, address)
    t.regex(answer.body.toString(), /MM-PROXY-LIST is .{1,2}other, home/)
  }
  t.is(authenticated, 0)
  t.deepEqual([...home.seen, ...there.seen], [])
})

test('version documents need no token', async t => {
  const home = await startCloud(t, idp, json(300, { versions: [] }))
  const { url } = await startProxy(t, { clouds: [home] })
  for (const path of ['/image', '/image/', '/image/versions', '/volume/', '/volume/v3/']) {
    t.is((await ask(url + path)).status, 300, path)
  }
  t.deepEqual(home.seen, ['GET /', 'GET /', 'GET /versions', 'GET /', 'GET /v3/'])
})

test('a path below another service is 404', async t => {
  const home = await startCloud(t, idp, json(200, {}))
  const { url } = await startProxy(t, { clouds: [home] })
  for (const path of ['/', '/compute/v2.1/servers', '/imagery']) {
    const answer = await ask(url + path, { headers: good })
    t.is(answer.status, 404)
    t.like(JSON.parse(answer.body.toString()), { error: { code: 404 } })
  }
  t.deepEqual(home.seen, [])
})

test('the identity provider gets the token of the user and everything else unchanged', async t => {
  const home = await startCloud(
    t,
    idp,
    json(200, { images: [] }, { 'X-Openstack-Request-Id': 'req-there' }),
  )
  const { url, access } = await startProxy(t, { clouds: [home] })
  const answer = await ask(`${url}/image/v2/images?limit=2&name=a%20b&tag=x&tag=y`, {
    headers: {
      ...good,
      Accept: 'application/json',
      'X-Service-Token': 'service',
      'User-Agent': 'test',
    },
  })
  t.is(answer.status, 200)
  t.is(answer.headers['mm-service-provider'], 'default')
  t.is(answer.headers['x-openstack-request-id'], 'req-there')
  t.deepEqual(home.seen, ['GET /v2/images?limit=2&name=a%20b&tag=x&tag=y'])
  t.like(home.requests[0]?.headers, {
    'x-auth-token': 'good',
    'x-service-token': 'service',
    'user-agent': 'test',
    'mm-proxy-list': 'home',
  })
  t.like(await access(), {
    method: 'GET',
    path: '/image/v2/images?limit=2&name=a%20b&tag=x&tag=y',
    status: 200,
    decision: 'one',
    reason: 'default',
    service_provider: 'default',
    project: alice,
    user: 'user-1',
    upstream_status: 200,
    upstream_request_id: 'req-there',
    rests_on: null,
    aborted: null,
  })
})

test('a request for a located resource goes to its cloud, with a token of that cloud', async t => {
  const home = await startCloud(t, idp, json(404, {}))
  const there = await startCloud(t, sp1, json(200, { volume: { id: disk.id } }))
  const { url, access } = await startProxy(t, { clouds: [home, there], places: [at(sp1, disk.id)] })
  const answer = await ask(`${url}/volume/v3/${alice}/volumes/${disk.id}`, {
    headers: { ...good, Cookie: 'c=1', Authorization: 'Basic eA==' },
  })
  t.is(answer.status, 200)
  t.is(answer.headers['mm-service-provider'], 'sp1')
  t.deepEqual(home.seen, [])
  t.deepEqual(there.seen, [`GET /v3/${bob}/volumes/${disk.id}`])
  const { headers } = there.requests[0] ?? {}
  t.is(headers?.['x-auth-token'], `good@sp1/${bob}`)
  t.false(JSON.stringify(there.requests[0]?.rawHeaders).includes('"good"'))
  for (const name of ['cookie', 'authorization']) t.is(headers?.[name], undefined)
  t.like(await access(), { reason: 'located', service_provider: 'sp1', rests_on: 7 })
})

// As `openstack image set --accept` does with the project of its token.
test("the user's project in a path becomes that of the resource at a service provider", async t => {
  const home = await startCloud(t, idp, json(404, {}))
  const there = await startCloud(t, sp1, json(200, {}))
  const places = [at(sp1, image.id)]
  const { url } = await startProxy(t, { clouds: [home, there], places })
  const member = `/image/v2/images/${image.id}/members/${alice}`
  await ask(url + member, { headers: good })
  t.deepEqual(there.seen, [`GET /v2/images/${image.id}/members/${bob}`])
})

test("a service's token is replaced by Mixmatch's own at a service provider", async t => {
  const home = await startCloud(t, idp, json(200, {}))
  const there = await startCloud(t, sp1, json(200, {}))
  const { url } = await startProxy(t, { clouds: [home, there], places: [at(sp1, disk.id)] })
  const target = `${url}/volume/v3/${alice}/attachments`
  const body = JSON.stringify({ attachment: { volume_uuid: disk.id } })
  const service = { ...good, 'X-Service-Token': 'service', 'Content-Type': 'application/json' }
  t.is((await ask(target, { method: 'POST', headers: service, body })).status, 200)
  t.is(there.requests[0]?.headers['x-service-token'], 'service@sp1')
  t.false(there.requests[0]?.rawHeaders.includes('service'))
  t.is((await ask(target, { headers: service })).status, 200)
  t.is(home.requests[0]?.headers['x-service-token'], 'service')
  t.false(home.requests[0]?.rawHeaders.includes('service@sp1'))
})

test("a user's token in X-Service-Token gives no service token, and an invalid one is rejected", async t => {
  const home = await startCloud(t, idp, json(200, {}))
  const there = await startCloud(t, sp1, json(200, {}))
  const { url } = await startProxy(t, { clouds: [home, there], places: [at(sp1, disk.id)] })
  const target = `${url}/volume/v3/${alice}/volumes/${disk.id}`
  for (const headers of [good, { ...good, 'X-Service-Token': 'good' }]) {
    t.is((await ask(target, { headers })).status, 200)
    t.is(there.requests.at(-1)?.headers['x-service-token'], undefined)
  }
  const guessed = { ...good, 'X-Service-Token': 'guessed' }
  const refused = await ask(target, { method: 'DELETE', headers: guessed })
  t.is(refused.status, 401)
  t.is(refused.headers['www-authenticate'], `Keystone uri="${KEYSTONE}"`)
  t.is(there.seen.length, 2)
  t.is((await ask(`${url}/image/v2/images`, { headers: guessed })).status, 200)
  t.is(home.requests[0]?.headers['x-service-token'], 'guessed')
})

test('an expired token with a service token is accepted only for the identity provider', async t => {
  const home = await startCloud(t, idp, json(200, {}))
  const there = await startCloud(t, sp1, json(200, {}))
  const { url } = await startProxy(t, { clouds: [home, there], places: [at(sp1, disk.id)] })
  const headers = { 'X-Auth-Token': 'expired', 'X-Service-Token': 'service' }
  t.is((await ask(`${url}/volume/v3/${alice}/volumes/${image.id}`, { headers })).status, 200)
  t.is((await ask(`${url}/volume/v3/${alice}/volumes/${disk.id}`, { headers })).status, 401)
  t.is(home.requests[0]?.headers['x-auth-token'], 'expired')
  t.deepEqual(there.seen, [])
})

test('a body that is read for the decision is forwarded byte for byte', async t => {
  const received: Buffer[] = []
  const home = await startCloud(t, idp, json(404, {}))
  const there = await startCloud(t, sp1, async (req, res) => {
    received.push(await bodyOf(req))
    json(202, { snapshot: { id: 'x' } })(req, res)
  })
  const { url } = await startProxy(t, { clouds: [home, there], places: [at(sp1, disk.id)] })
  const body = `{ "snapshot" :\t{"volume_id": "${disk.id}", "name": "\\u00e9", "n": 1.0} }\n`
  for (const framing of [
    { 'Content-Length': String(body.length) },
    { 'Transfer-Encoding': 'chunked' },
  ]) {
    const headers = { ...jsonBody, ...framing }
    const answer = await ask(`${url}/volume/v3/${alice}/snapshots`, {
      method: 'POST',
      headers,
      body,
    })
    t.is(answer.status, 202)
  }
  t.deepEqual(received.map(String), [body, body])
  t.deepEqual(home.seen, [])
})

test('an upload is streamed unread to the cloud of its image', async t => {
  const data = randomBytes(3 * 1024 * 1024)
  const home = await startCloud(t, idp, json(404, {}))
  const there = await startCloud(t, sp1, async (req, res) => {
    t.true((await bodyOf(req)).equals(data))
    res.writeHead(204).end()
  })
  const { url, access } = await startProxy(t, {
    clouds: [home, there],
    places: [at(sp1, image.id)],
  })
  const headers = { ...good, 'Content-Type': 'application/octet-stream' }
  const path = `/image/v2/images/${image.id}/file`
  t.is((await ask(url + path, { method: 'PUT', headers, body: data })).status, 204)
  t.like(await access(), { bytes_in: data.length, bytes_out: 0, status: 204 })
})

test('a body too long to be read is rejected if it could name a cloud, else forwarded', async t => {
  const home = await startCloud(t, idp, async (req, res) => {
    const { length } = await bodyOf(req)
    json(202, { length })(req, res)
  })
  const other = await startCloud(t, sp1, json(202, {}))
  const body = JSON.stringify({ volume: { size: 1, padding: 'x'.repeat(1024 * 1024) } })
  const post = { method: 'POST', headers: jsonBody, body }
  const path = `/volume/v3/${alice}/volumes`

  const two = await startProxy(t, { clouds: [home, other] })
  const refused = await ask(two.url + path, post)
  t.is(refused.status, 413)
  t.regex(refused.body.toString(), /overLimit.*MM-SERVICE-PROVIDER/)
  const chunked = { ...post, headers: { ...jsonBody, 'Transfer-Encoding': 'chunked' } }
  t.is((await ask(two.url + path, chunked)).status, 413)
  t.deepEqual(home.seen, [])

  const asked = { ...post, headers: { ...jsonBody, 'MM-SERVICE-PROVIDER': 'default' } }
  t.is(JSON.parse((await ask(two.url + path, asked)).body.toString()).length, body.length)
  const one = await startProxy(t, { clouds: [home] })
  t.is(JSON.parse((await ask(one.url + path, post)).body.toString()).length, body.length)
})

test('a request that is rejected gets no 100 Continue', async t => {
  const home = await startCloud(t, idp, json(204, null))
  const { url } = await startProxy(t, { clouds: [home] })
  const headers = { Expect: '100-continue', 'Content-Length': '5' }
  const sent = open(`${url}/image/v2/images/${image.id}/file`, 'PUT', headers)
  sent.once('continue', () => t.fail('the body is not needed'))
  sent.flushHeaders()
  const answer = await answerTo(sent)
  t.is(answer.status, 401)
  t.is(answer.headers.connection, 'close')
})

test('a created resource is observed before the client gets the response', async t => {
  const home = await startCloud(t, idp, json(404, {}))
  const there = await startCloud(t, sp1, (req, res) => {
    const date = 'Tue, 24 Nov 2026 08:49:37 GMT'
    json(202, { volume: { id: disk.id, links: [] } }, { Date: date })(req, res)
  })
  const { url, observed } = await startProxy(t, { clouds: [home, there] })
  const headers = { ...jsonBody, 'MM-SERVICE-PROVIDER': 'sp1' }
  const body = '{"volume":{"size":1}}'
  const path = `${url}/volume/v3/${alice}/volumes`
  t.is((await ask(path, { method: 'POST', headers, body })).status, 202)
  t.is(observed.length, 1)
  t.like(observed[0], {
    learned: 'created',
    serviceProvider: sp1,
    resource: disk,
    project: bob,
    observedAt: Date.parse('2026-11-24T08:49:37Z') * 1000,
  })
})

test('a rejected create is not observed', async t => {
  const home = await startCloud(t, idp, json(403, { volume: { id: disk.id } }))
  const { url, observed } = await startProxy(t, { clouds: [home] })
  await ask(`${url}/volume/v3/${alice}/volumes`, { method: 'POST', headers: jsonBody, body: '{}' })
  t.deepEqual(observed, [])
})

test('a 404 for a located resource is observed if its owner got it', async t => {
  const home = await startCloud(t, idp, json(404, {}))
  const there = await startCloud(t, sp1, json(404, {}))
  const path = `/volume/v3/${alice}/volumes/${disk.id}`
  const owned = await startProxy(t, { clouds: [home, there], places: [at(sp1, disk.id)] })
  await ask(owned.url + path, { headers: good })
  t.like(owned.observed[0], { learned: 'missing', serviceProvider: sp1, resource: disk })
  await ask(`${owned.url}${path}/metadata`, { headers: good })
  await ask(owned.url + path, { method: 'DELETE', headers: good })
  t.is(owned.observed.length, 1)

  const foreign = await startProxy(t, { clouds: [home, there], places: [at(sp1, disk.id, alice)] })
  t.is((await ask(foreign.url + path, { headers: good })).status, 404)
  t.deepEqual(foreign.observed, [])
})

test('a request with a cached token that was revoked is sent again with a new one', async t => {
  const forgotten: string[] = []
  let asked = 0
  const home = await startCloud(t, idp, json(404, {}))
  const there = await startCloud(t, sp1, (req, res) => {
    asked += 1
    json(asked === 1 ? 401 : 200, {})(req, res)
  })
  const { url } = await startProxy(t, {
    clouds: [home, there],
    places: [at(sp1, disk.id)],
    identity: { forget: (_, cloud) => void forgotten.push(cloud) },
  })
  const path = `${url}/volume/v3/${alice}/volumes/${disk.id}`
  t.is((await ask(path, { headers: good })).status, 200)
  t.deepEqual(forgotten, ['sp1'])
  t.is(there.seen.length, 2)
})

test('cached access to a service provider is used without asking, until that rejects it', async t => {
  const home = await startCloud(t, idp, json(404, {}))
  const there = await startCloud(t, sp1, (req, res) => {
    json(req.headers['x-auth-token'] === 'stale' ? 401 : 200, {})(req, res)
  })
  const stale = {
    token: new Token('stale'),
    project: project(bob, 'demo'),
    endpoints: new Map(),
  }
  let cached: typeof stale | undefined = stale
  const offered: unknown[] = []
  const { url } = await startProxy(t, {
    clouds: [home, there],
    places: [at(sp1, image.id)],
    identity: {
      cachedAccess(_, cloud, choose) {
        offered.push(cloud, choose([project(alice, 'other'), project(bob, 'demo')]).id)
        return cached
      },
      forget() {
        cached = undefined
      },
    },
  })
  const answer = await ask(`${url}/image/v2/images/${image.id}`, { headers: good })
  t.is(answer.status, 200)
  const tokens = there.requests.map(({ headers }) => headers['x-auth-token'])
  t.deepEqual(tokens, ['stale', `good@sp1/${bob}`])
  t.deepEqual(offered, [sp1, bob, sp1, bob])
})

test("a 401 of a service provider names the identity provider's Keystone", async t => {
  const home = await startCloud(t, idp, json(404, {}))
  const challenge = {
    'WWW-Authenticate': 'Keystone uri="http://keystone.sp1"',
    'Set-Cookie': 'a=1',
  }
  const there = await startCloud(t, sp1, json(401, {}, challenge))
  const { url } = await startProxy(t, { clouds: [home, there], places: [at(sp1, disk.id)] })
  const answer = await ask(`${url}/volume/v3/${alice}/volumes/${disk.id}`, { headers: good })
  t.is(answer.status, 401)
  t.is(answer.headers['www-authenticate'], `Keystone uri="${KEYSTONE}"`)
  t.is(answer.headers['set-cookie'], undefined)
  t.is(there.seen.length, 2)
})

test("links of a service provider lead to the proxy, in the caller's project", async t => {
  const home = await startCloud(t, idp, json(404, {}))
  const there = await startCloud(t, sp1, (req, res) => {
    const self = `http://${req.headers.host}/v3/${bob}/volumes/${disk.id}`
    json(200, { volume: { links: [{ rel: 'self', href: self }], metadata: { href: self } } })(
      req,
      res,
    )
  })
  const { url } = await startProxy(t, { clouds: [home, there], places: [at(sp1, disk.id)] })
  const path = `/volume/v3/${alice}/volumes/${disk.id}`
  const answer = await ask(url + path, { headers: { ...good, 'Accept-Encoding': 'gzip' } })
  const { volume } = JSON.parse(answer.body.toString())
  t.is(volume.links[0].href, `${url}${path}`)
  t.true(volume.metadata.href.startsWith(there.url))
  t.is(Number(answer.headers['content-length']), answer.body.length)
  t.is(there.requests[0]?.headers['accept-encoding'], 'identity')
})

test('Location leads to the proxy', async t => {
  const home = await startCloud(t, idp, (req, res) => {
    json(
      201,
      { id: image.id },
      { Location: `http://${req.headers.host}/v2/images/${image.id}` },
    )(req, res)
  })
  const { url } = await startProxy(t, {
    clouds: [home],
    publicEndpoint: 'https://cloud.example/resource',
  })
  const answer = await ask(`${url}/image/v2/images`, {
    method: 'POST',
    headers: jsonBody,
    body: '{}',
  })
  t.is(answer.headers.location, `https://cloud.example/resource/image/v2/images/${image.id}`)
  t.like(home.requests[0]?.headers, {
    'x-forwarded-host': 'cloud.example',
    'x-forwarded-proto': 'https',
    'x-forwarded-prefix': '/resource/image',
    'x-forwarded-for': '127.0.0.1',
    forwarded: 'for=127.0.0.1;host="cloud.example";proto=https',
  })
})

test('a redirect is forwarded to the client, not followed', async t => {
  const home = await startCloud(t, idp, json(302, {}, { Location: 'http://elsewhere.example/x' }))
  const { url } = await startProxy(t, { clouds: [home] })
  const answer = await ask(`${url}/image/v2/images/${image.id}/file`, { headers: good })
  t.is(answer.status, 302)
  t.is(answer.headers.location, 'http://elsewhere.example/x')
})

test('a range of an image is forwarded as 206', async t => {
  const home = await startCloud(t, idp, (req, res) => {
    t.is(req.headers.range, 'bytes=1-3')
    res.writeHead(206, { 'Content-Range': 'bytes 1-3/10', 'Content-MD5': 'abc' }).end('123')
  })
  const { url } = await startProxy(t, { clouds: [home] })
  const headers = { ...good, Range: 'bytes=1-3' }
  const answer = await ask(`${url}/image/v2/images/${image.id}/file`, { headers })
  t.is(answer.status, 206)
  t.like(answer.headers, { 'content-range': 'bytes 1-3/10', 'content-md5': 'abc' })
})

test('an unknown resource is searched for, at the identity provider first, and the result is observed', async t => {
  const home = await startCloud(t, idp, json(404, {}))
  const one = await startCloud(t, sp1, json(404, {}))
  const two = await startCloud(t, sp2, json(200, { volume: { id: disk.id } }))
  const { url, observed, access } = await startProxy(t, {
    clouds: [home, one, two],
    searchByBroadcast: true,
  })
  const path = `/volumes/${disk.id}`
  const answer = await ask(`${url}/volume/v3/${alice}${path}/metadata`, { headers: good })
  t.is(answer.status, 200)
  t.is(answer.headers['mm-service-provider'], 'sp2')
  t.deepEqual(home.seen, [`GET /v3/${alice}${path}`])
  t.deepEqual(one.seen, [`GET /v3/${bob}${path}`])
  t.deepEqual(two.seen, [`GET /v3/${bob}${path}`, `GET /v3/${bob}${path}/metadata`])
  t.like(observed[0], { learned: 'found', serviceProvider: sp2, resource: disk, project: bob })
  t.like(await access(), { decision: 'search', reason: 'unknown', service_provider: 'sp2' })
})

test('a search at a cloud that has revoked the cached token is repeated with a new one', async t => {
  let requests = 0
  const home = await startCloud(t, idp, json(404, {}))
  const there = await startCloud(t, sp1, (req, res) => {
    requests += 1
    json(requests === 1 ? 401 : 200, { volume: { id: disk.id } })(req, res)
  })
  const { url } = await startProxy(t, { clouds: [home, there], searchByBroadcast: true })
  const answer = await ask(`${url}/volume/v3/${alice}/volumes/${disk.id}`, { headers: good })
  t.is(answer.status, 200)
  t.is(there.seen.length, 3)
})

test('a write to an unknown resource is located with reads and sent exactly once', async t => {
  const home = await startCloud(t, idp, json(404, {}))
  const one = await startCloud(t, sp1, json(200, {}))
  const two = await startCloud(t, sp2, json(404, {}))
  const { url } = await startProxy(t, { clouds: [home, one, two], searchByBroadcast: true })
  const path = `/volumes/${disk.id}`
  const answer = await ask(`${url}/volume/v3/${alice}${path}`, { method: 'DELETE', headers: good })
  t.is(answer.headers['mm-service-provider'], 'sp1')
  const sent = [home, one, two]
    .flatMap(cloud => cloud.seen)
    .filter(line => !line.startsWith('GET '))
  t.deepEqual(sent, [`DELETE /v3/${bob}${path}`])
})

test('for a resource that no cloud has, the identity provider responds', async t => {
  const home = await startCloud(t, idp, json(404, { itemNotFound: { message: 'at home' } }))
  const there = await startCloud(t, sp1, json(404, { itemNotFound: { message: 'there' } }))
  const { url, observed } = await startProxy(t, { clouds: [home, there], searchByBroadcast: true })
  const target = `${url}/volume/v3/${alice}/volumes/${disk.id}`
  for (const method of ['GET', 'DELETE']) {
    const answer = await ask(target, { method, headers: good })
    t.is(answer.status, 404)
    t.regex(answer.body.toString(), /at home/)
  }
  t.deepEqual(observed, [])
})

test('a cloud that fails is skipped in a search, but a write is then rejected', async t => {
  const home = await startCloud(t, idp, json(404, {}))
  const broken = await startCloud(t, sp1, json(500, {}))
  const { url } = await startProxy(t, { clouds: [home, broken], searchByBroadcast: true })
  const target = `${url}/volume/v3/${alice}/volumes/${disk.id}`
  t.is((await ask(target, { headers: good })).status, 404)
  const refused = await ask(target, { method: 'DELETE', headers: good })
  t.is(refused.status, 503)
  t.regex(refused.body.toString(), /sp1/)
  t.true([...home.seen, ...broken.seen].every(line => line.startsWith('GET ')))
})

test('a search tries every project of the user, and the request goes to the right one', async t => {
  const home = await startCloud(t, idp, json(404, {}))
  const there = await startCloud(t, sp1, (req, res) => {
    json(req.url?.includes(alice) ? 200 : 404, {})(req, res)
  })
  const { url } = await startProxy(t, {
    clouds: [home, there],
    searchByBroadcast: true,
    identity: { projects: async () => [project(bob, 'one'), project(alice, 'two')] },
  })
  const path = `/volumes/${disk.id}`
  t.is((await ask(`${url}/volume/v3/${alice}${path}`, { headers: good })).status, 200)
  t.deepEqual(there.seen, [
    `GET /v3/${bob}${path}`,
    `GET /v3/${alice}${path}`,
    `GET /v3/${alice}${path}`,
  ])
})

test('a cloud that does not admit the user does not make a write fail', async t => {
  const home = await startCloud(t, idp, json(404, {}))
  const closed = await startCloud(t, sp1, json(200, {}))
  const { url } = await startProxy(t, {
    clouds: [home, closed],
    searchByBroadcast: true,
    identity: { projects: async () => [] },
  })
  const target = `${url}/volume/v3/${alice}/volumes/${disk.id}`
  t.is((await ask(target, { method: 'DELETE', headers: good })).status, 404)
  t.deepEqual(closed.seen, [])
})

test('a user with several projects at a cloud gets 409 until MM-PROJECT-ID names one', async t => {
  const home = await startCloud(t, idp, json(404, {}))
  const there = await startCloud(t, sp1, json(200, {}))
  const { url } = await startProxy(t, {
    clouds: [home, there],
    identity: { projects: async () => [project(bob, 'one'), project(alice, 'two')] },
  })
  const headers = { ...good, 'MM-SERVICE-PROVIDER': 'sp1' }
  const answer = await ask(`${url}/volume/v3/${alice}/volumes`, { headers })
  t.is(answer.status, 409)
  t.regex(answer.body.toString(), /MM-PROJECT-ID/)
  const chosen = { ...headers, 'MM-PROJECT-ID': bob }
  t.is((await ask(`${url}/volume/v3/${alice}/volumes`, { headers: chosen })).status, 200)
  t.deepEqual(there.seen, [`GET /v3/${bob}/volumes`])
})

test('a request that the client aborts is logged as aborted', async t => {
  const home = await startCloud(t, idp, () => {})
  const { url, access } = await startProxy(t, { clouds: [home] })
  const sent = open(`${url}/image/v2/images`, 'GET', good)
  sent.end()
  while (home.requests.length === 0) await new Promise(resolve => setTimeout(resolve, 5))
  const [request] = home.requests
  const closed = request && once(request.socket, 'close')
  sent.destroy()
  await closed
  t.like(await access(), { status: null, aborted: 'client', service_provider: 'default' })
})

test('an unforeseen error is 500 without its details, and logged with them', async t => {
  const home = await startCloud(t, idp, json(200, {}))
  const { url, lines } = await startProxy(t, {
    clouds: [home],
    identity: {
      async authenticate() {
        throw new TypeError('secret detail')
      },
    },
  })
  const answer = await ask(`${url}/image/v2/images`, { headers: good })
  t.is(answer.status, 500)
  t.false(answer.body.toString().includes('secret detail'))
  const logged = lines.find(({ level }) => level === 50)
  t.is(logged?.['request_id'], answer.headers['x-openstack-request-id'])
  t.regex(JSON.stringify(logged), /TypeError.*secret detail/)
})

test('a request above max_requests is rejected, and accepted when another has ended', async t => {
  let release = () => {}
  const home = await startCloud(t, idp, (req, res) => {
    release = () => json(200, {})(req, res)
  })
  const { url } = await startProxy(t, { clouds: [home], app: { maxRequests: 1 } })
  const first = ask(`${url}/image/v2/images`, { headers: good })
  while (home.requests.length === 0) await new Promise(resolve => setTimeout(resolve, 5))
  const turnedAway = await ask(`${url}/image/v2/images`, { headers: good })
  t.is(turnedAway.status, 503)
  t.truthy(turnedAway.headers['retry-after'])
  t.is((await ask(`${url}/healthcheck`)).status, 200)
  release()
  t.is((await first).status, 200)
  const next = ask(`${url}/image/v2/images`, { headers: good })
  while (home.requests.length === 1) await new Promise(resolve => setTimeout(resolve, 5))
  release()
  t.is((await next).status, 200)
})

test('a global request id is forwarded, any other text is not', async t => {
  const home = await startCloud(t, idp, json(200, {}))
  const { url, access } = await startProxy(t, { clouds: [home] })
  const id = 'req-11111111-2222-4333-8444-555555555555'
  const path = `${url}/image/v2/images`
  const answer = await ask(path, { headers: { ...good, 'X-Openstack-Request-Id': id } })
  t.is(home.requests[0]?.headers['x-openstack-request-id'], id)
  t.like(await access(), {
    global_request_id: id,
    request_id: answer.headers['x-openstack-request-id'],
  })
  await ask(path, { headers: { ...good, 'X-Openstack-Request-Id': 'forged\tid' } })
  const { request_id } = await access(1)
  t.is(home.requests[1]?.headers['x-openstack-request-id'], String(request_id))
})

test('a traceparent is forwarded unchanged, and the access log has its trace id if it is valid', async t => {
  const home = await startCloud(t, idp, json(200, {}))
  const { url, access } = await startProxy(t, { clouds: [home] })
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
  const values = [
    `00-${trace}-00f067aa0ba902b7-01`,
    `cc-${trace}-00f067aa0ba902b7-01-of-a-later-version`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `ff-${trace}-00f067aa0ba902b7-01`,
    'not a trace',
  ]
  const logged: unknown[] = []
  for (const [index, traceparent] of values.entries()) {
    const headers = { ...good, traceparent, tracestate: 'vendor=x' }
    await ask(`${url}/image/v2/images`, { headers })
    t.like(home.requests[index]?.headers, { traceparent, tracestate: 'vendor=x' })
    logged.push((await access(index))['trace_id'])
  }
  t.deepEqual(logged, [trace, trace, null, null, null])
})

test('a method that no service has is 405, and OPTIONS lists the others', async t => {
  const home = await startCloud(t, idp, json(200, {}))
  const { url } = await startProxy(t, { clouds: [home] })
  const refused = await ask(`${url}/image/v2/images`, { method: 'TRACE', headers: good })
  t.is(refused.status, 405)
  t.regex(refused.headers.allow ?? '', /GET.*DELETE/)
  t.is((await ask(`${url}/image/v2/images`, { method: 'OPTIONS' })).status, 200)
  t.deepEqual(home.seen, [])
})

test('the access log has the client address, the user agent and the time to the first byte', async t => {
  const home = await startCloud(t, idp, (req, res) => {
    setTimeout(() => json(200, {})(req, res), 30)
  })
  const { url, access } = await startProxy(t, { clouds: [home], trusted: true })
  const headers = {
    ...good,
    'X-Forwarded-For': '203.0.113.9',
    'User-Agent': `osc/1 ${'x'.repeat(300)}`,
  }
  await ask(`${url}/image/v2/images`, { headers })
  await ask(`${url}/image/v2/images`)
  const line = await access()
  t.is(line['client'], '203.0.113.9')
  t.is(String(line['user_agent']).length, 256)
  t.true(Number(line['upstream_first_byte_ms']) >= 25)
  t.true(Number(line['upstream_first_byte_ms']) <= Number(line['ms']))
  t.like(await access(1), { status: 401, upstream_first_byte_ms: null, user_agent: null })
})

test('a token in a path is masked in the access log, in log lines and in error responses', async t => {
  const fernet = 'gAAAAABlsecretsecretsecret'
  const encoded = fernet.replace('g', '%67')
  const home = await startCloud(t, idp, (req, _) => void req.socket.destroy())
  const { url, lines, access } = await startProxy(t, { clouds: [home] })
  const paths = [
    `/image/v2/images/${fernet}`,
    `/image/v2/images/${encoded}`,
    `/image/v2/${fernet}/x`,
    `/${fernet}`,
    `/image/${fernet}`,
    `/image/v2/images/%5c${fernet}`,
    `/volume/v3/${fernet}/volumes?x=${fernet}`,
  ]
  for (const path of paths) {
    const answer = await ask(url + path, { headers: good })
    t.false(answer.body.includes(fernet), path)
    t.false(answer.body.includes(encoded), path)
  }
  await access(paths.length - 1)
  const log = JSON.stringify(lines)
  t.false(log.includes(fernet))
  t.false(log.includes(encoded))
  t.true(log.includes('***'))
})

test('no token and no secret in a query is logged', async t => {
  const home = await startCloud(t, idp, json(404, {}))
  const there = await startCloud(t, sp1, json(401, {}))
  const { url, lines, access } = await startProxy(t, {
    clouds: [home, there],
    places: [at(sp1, disk.id)],
  })
  const query = '?temp_url_signature=s3cret&x=1&auth_token=s3cret'
  const target = `${url}/volume/v3/${alice}/volumes/${disk.id}${query}`
  await ask(target, { headers: { ...good, 'X-Service-Token': 's3cret' } })
  await access()
  const log = JSON.stringify(lines)
  t.true(log.includes('x=1'))
  for (const secret of ['s3cret', 'good@sp1', '"good"']) t.false(log.includes(secret), secret)
})

test('a response waits for its observation, and the access log says whether that was recorded', async t => {
  const there = await startCloud(t, sp1, json(201, { id: image.id, owner: bob }))
  const home = await startCloud(t, idp, json(200, {}))
  const create = (url: string) =>
    ask(`${url}/image/v2/images`, {
      method: 'POST',
      headers: { ...jsonBody, 'MM-SERVICE-PROVIDER': 'sp1' },
      body: '{}',
    })
  for (const [isRecorded, observed] of [
    [true, 'recorded'],
    [false, 'pending'],
  ] as const) {
    let settled = false
    const { url, access } = await startProxy(t, {
      clouds: [home, there],
      async onObserved() {
        await new Promise(resolve => setTimeout(resolve, 50))
        settled = true
        return isRecorded
      },
    })
    t.is((await create(url)).status, 201)
    t.true(settled)
    t.like(await access(), { observed })
    await ask(`${url}/image/v2/images`, { headers: good })
    t.like(await access(1), { observed: null })
  }
})

test('links in a long list lead to the proxy, whatever host the cloud uses in them', async t => {
  const item = (n: number, link: string) => ({
    id: `${n}`,
    note: ']'.repeat(500),
    links: [{ rel: 'self', href: link }],
  })
  const list = (link: string) => {
    const volumes = Array.from({ length: 10_000 }, (_, n) => item(n, `${link}/volumes/${n}`))
    const links = [{ rel: 'next', href: `${link}/volumes?marker=9` }]
    return JSON.stringify({ volumes, volumes_links: links })
  }
  const theirs = list(`https://[fd00::1]:8776/v3/${bob}`)
  t.true(theirs.length > 5 * 1024 * 1024)
  const there = await startCloud(t, sp1, (_, res) => {
    res.writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(theirs),
      Location: `https://[fd00::1]:8776/v3/${bob}/volumes/1`,
    })
    res.end(theirs)
  })
  const home = await startCloud(t, idp, json(200, {}))
  const { url } = await startProxy(t, {
    clouds: [home, there],
    publicEndpoint: 'https://cloud.example',
  })
  const answer = await ask(`${url}/volume/v3/${alice}/volumes`, {
    headers: { ...good, 'MM-SERVICE-PROVIDER': 'sp1' },
  })
  const ours = `https://cloud.example/volume/v3/${alice}`
  t.true(answer.body.toString() === list(ours))
  t.is(answer.headers.location, `${ours}/volumes/1`)
})

test('a token that a cloud sends back as its request id is not logged', async t => {
  const token = 'gAAAAABl0123456789abcdef'
  const home = await startCloud(
    t,
    idp,
    json(200, {}, { 'X-Openstack-Request-Id': token, 'MM-Partial': token }),
  )
  const { url, access } = await startProxy(t, { clouds: [home] })
  await ask(`${url}/image/v2/images`, { headers: good })
  const line = await access()
  t.is(line['upstream_request_id'], '***')
  t.false(JSON.stringify(line).includes(token))
})
