import test from 'ava'
import { bob, idp, image } from '../controls.js'
import { at, json, sp1, sp2, startCloud, startProxy } from '../http/federation.js'
import { ask } from '../upstream/wire.js'

const secret = 'a'.repeat(32)
const front = { 'X-Auth-Token': 'good', 'MM-Offload-Secret': secret }
const file = `/image/v2/images/${image.id}/file`

test('a front gets the URL of the image data and the token of the user at that cloud', async t => {
  const clouds = [await startCloud(t, idp, json(200, {})), await startCloud(t, sp1, json(200, {}))]
  const setting = { clouds, places: [at(sp1, image.id)], offloadSecret: secret }
  const { url, access } = await startProxy(t, setting)
  const id = 'req-11111111-1111-4111-8111-111111111111'
  const answer = await ask(`${url}${file}?a=%20b`, {
    headers: { ...front, 'X-Openstack-Request-Id': id, 'MM-PROXY-LIST': 'other' },
  })
  t.is(answer.status, 204)
  t.like(answer.headers, {
    'mm-offload-url': `${clouds[1]?.url}/v2/images/${image.id}/file?a=%20b`,
    'mm-offload-token': `good@sp1/${bob}`,
    'mm-offload-cloud': 'sp1',
    'mm-offload-request-id': id,
    'mm-offload-proxy-list': 'other,home',
    'cache-control': 'no-store',
  })
  t.deepEqual(
    clouds.map(({ seen }) => seen),
    [[], []],
  )
  t.like(await access(), {
    status: 204,
    offload: 'yes',
    reason: 'located',
    service_provider: 'sp1',
  })
})

test('a front gets the token of the user itself for data at the identity provider', async t => {
  const home = await startCloud(t, idp, json(200, {}))
  const setting = { clouds: [home], places: [at(idp, image.id)], offloadSecret: secret }
  const { url } = await startProxy(t, setting)
  for (const [method, tail] of [
    ['GET', 'file'],
    ['PUT', 'file'],
    ['PUT', 'stage'],
  ] as const) {
    const path = `/v2/images/${image.id}/${tail}`
    const answer = await ask(`${url}/image${path}`, { method, headers: front })
    t.is(answer.status, 204)
    t.is(answer.headers['mm-offload-url'], home.url + path)
    t.is(answer.headers['mm-offload-token'], 'good')
  }
})

test('a front gets 403 for every request but a transfer of image data from one known cloud', async t => {
  const other = '33333333-3333-4333-8333-333333333333'
  const clouds = await Promise.all([idp, sp1, sp2].map(name => startCloud(t, name, json(200, {}))))
  const places = [at(sp1, image.id), at(sp1, other), at(sp2, other)]
  const { url, access } = await startProxy(t, {
    ...{ clouds, places, offloadSecret: secret, searchByBroadcast: true },
  })
  const refused = [
    ['HEAD', file, {}],
    ['GET', `/image/v2/images/${image.id}`, {}],
    ['GET', `/image/v2/images/${image.id}/stage`, {}],
    ['PATCH', file, {}],
    // In conflict between two clouds, and unknown.
    ['GET', `/image/v2/images/${other}/file`, {}],
    ['GET', '/image/v2/images/44444444-4444-4444-8444-444444444444/file', {}],
    ['GET', file, { 'X-Service-Token': 'service' }],
  ] as const
  for (const [index, [method, path, headers]] of refused.entries()) {
    const answer = await ask(url + path, { method, headers: { ...front, ...headers } })
    t.is(answer.status, 403, `${method} ${path}`)
    t.is(answer.headers['mm-offload-token'], undefined)
    t.like(await access(index), { offload: 'no' })
  }
  t.deepEqual(
    clouds.map(({ seen }) => seen),
    [[], [], []],
  )
})

test('a request with a wrong offload secret gets no decision, and is not sent to a cloud', async t => {
  const home = await startCloud(t, idp, json(200, {}))
  const setting = { clouds: [home], places: [at(idp, image.id)] }
  const proxies = [
    await startProxy(t, { ...setting, offloadSecret: 'b'.repeat(32) }),
    await startProxy(t, setting),
  ]
  for (const { url } of proxies) {
    for (const guess of [secret, '', 'b']) {
      const headers = { ...front, 'MM-Offload-Secret': guess }
      const answer = await ask(url + file, { method: 'PUT', headers })
      t.is(answer.status, 403)
      t.is(answer.headers['mm-offload-url'], undefined)
    }
  }
  t.deepEqual(home.seen, [])
})

test('a front whose user has no valid token gets the error of the proxy', async t => {
  const home = await startCloud(t, idp, json(200, {}))
  const { url } = await startProxy(t, { clouds: [home], offloadSecret: secret })
  const headers = { ...front, 'X-Auth-Token': 'bad' }
  t.is((await ask(url + file, { headers })).status, 401)
})
