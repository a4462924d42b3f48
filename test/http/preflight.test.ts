import test from 'ava'
import { alice, bob, disk, idp, image } from '../controls.js'
import { ask } from '../upstream/wire.js'
import { at, json, sp1, startCloud, startProxy } from './federation.js'

const preflight = (method: string) => ({
  Origin: 'https://horizon.example',
  'Access-Control-Request-Method': method,
  'Access-Control-Request-Headers': 'x-auth-token, content-type',
})
const allowed = {
  'Access-Control-Allow-Origin': 'https://horizon.example',
  'Access-Control-Allow-Methods': 'PUT',
  Vary: 'Origin',
}
const file = `/image/v2/images/${image.id}/file`

test('a preflight goes to the cloud of the announced request, and the client gets its response', async t => {
  const home = await startCloud(t, idp, json(404, {}))
  const there = await startCloud(t, sp1, json(200, {}, allowed))
  const { url, access } = await startProxy(t, {
    clouds: [home, there],
    places: [at(sp1, image.id)],
  })
  const answer = await ask(url + file, { method: 'OPTIONS', headers: preflight('PUT') })
  t.is(answer.status, 200)
  t.is(answer.headers['access-control-allow-origin'], 'https://horizon.example')
  t.is(answer.headers['access-control-allow-methods'], 'PUT')
  t.deepEqual(there.seen, [`OPTIONS /v2/images/${image.id}/file`])
  t.like(there.requests[0]?.headers, {
    origin: 'https://horizon.example',
    'access-control-request-method': 'PUT',
    'access-control-request-headers': 'x-auth-token, content-type',
  })
  t.deepEqual(home.seen, [])
  t.like(await access(), {
    method: 'OPTIONS',
    status: 200,
    reason: 'located',
    service_provider: 'sp1',
    user: null,
  })
})

test('a preflight for an unknown resource goes to the identity provider', async t => {
  const home = await startCloud(t, idp, json(200, {}, allowed))
  const there = await startCloud(t, sp1, json(404, {}))
  const { url } = await startProxy(t, { clouds: [home, there], searchByBroadcast: true })
  for (const path of [file, '/image/v2/images', `/volume/v3/${alice}/volumes/${disk.id}`]) {
    const answer = await ask(url + path, { method: 'OPTIONS', headers: preflight('PUT') })
    t.is(answer.status, 200, path)
    t.is(answer.headers['mm-service-provider'], 'default')
  }
  t.deepEqual(there.seen, [])
})

test('a preflight is forwarded without tokens, to the identity provider too', async t => {
  const home = await startCloud(t, idp, json(200, {}))
  const there = await startCloud(t, sp1, json(200, {}))
  const { url } = await startProxy(t, { clouds: [home, there], places: [at(sp1, disk.id)] })
  const secrets = { 'X-Auth-Token': 's3cret', 'X-Service-Token': 's3cret' }
  const headers = { ...preflight('DELETE'), ...secrets }
  for (const path of [file, `/volume/v3/${alice}/volumes/${disk.id}`]) {
    t.is((await ask(url + path, { method: 'OPTIONS', headers })).status, 200)
  }
  for (const { requests } of [home, there]) {
    t.is(requests.length, 1)
    t.false(requests[0]?.rawHeaders.includes('s3cret'))
  }
})

test('a preflight for a cloud without a configured endpoint goes to the identity provider', async t => {
  const home = await startCloud(t, idp, json(200, {}, allowed))
  const hidden = { name: sp1, url: '', seen: [], requests: [] }
  const { url } = await startProxy(t, {
    clouds: [home, hidden],
    places: [at(sp1, image.id)],
  })
  const answer = await ask(url + file, { method: 'OPTIONS', headers: preflight('PUT') })
  t.is(answer.headers['mm-service-provider'], 'default')
  t.is(answer.headers['access-control-allow-origin'], 'https://horizon.example')
})

test('a 404 to a preflight is forwarded and not observed', async t => {
  const home = await startCloud(t, idp, json(404, {}))
  const there = await startCloud(t, sp1, json(404, {}))
  const { url, observed } = await startProxy(t, {
    clouds: [home, there],
    places: [at(sp1, disk.id, bob)],
  })
  const path = `/volume/v3/${alice}/volumes/${disk.id}`
  const answer = await ask(url + path, { method: 'OPTIONS', headers: preflight('GET') })
  t.is(answer.status, 404)
  t.is(answer.headers['mm-service-provider'], 'sp1')
  t.deepEqual(observed, [])
})

test('the proxy itself responds to an OPTIONS that is no preflight', async t => {
  const home = await startCloud(t, idp, json(200, {}))
  const { url } = await startProxy(t, { clouds: [home] })
  const headers = { Origin: 'https://horizon.example' }
  const answer = await ask(url + file, { method: 'OPTIONS', headers })
  t.is(answer.status, 200)
  t.regex(answer.headers.allow ?? '', /PUT/)
  t.deepEqual(home.seen, [])
})
