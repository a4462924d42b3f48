import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { type Event, ownEventTypes } from '../../src/event/event.js'
import type { Token } from '../../src/identity/token.js'
import type { ResourceKey } from '../../src/ids.js'
import { openLog } from '../../src/log/open-log.js'
import { toEvent } from '../../src/observation/observation.js'
import { openLocations } from '../../src/projection/locate.js'
import { openViews } from '../../src/projection/open-views.js'
import { alice, at, bob, created, disk, event, folder, image } from '../controls.js'
import { ask } from '../upstream/wire.js'
import {
  type Cloud,
  caller,
  idp,
  json,
  project,
  sp1,
  startCloud,
  startProxy,
} from './federation.js'

/** A hostile service provider claims ids; the log and its views are real. */

const good = { 'X-Auth-Token': 'good' }

async function startClaimed(
  t: ExecutionContext,
  claims: readonly Event[],
  { home, there }: { home: Cloud; there: Cloud },
) {
  const path = folder(t)
  const log = openLog(join(path, 'events.db'))
  t.teardown(() => log[Symbol.dispose]())
  const { views } = openViews(join(path, 'views.db'), [log.file])
  t.teardown(() => views[Symbol.dispose]())
  const record = (event: Event) => {
    log.append([event], at(9))
    views.catchUp()
  }
  for (const claim of claims) record(claim)
  const locations = openLocations(join(path, 'views.db'), log.file)
  t.teardown(() => locations[Symbol.dispose]())
  const other = { ...caller, userId: 'user-2', project: project(bob, 'other') }
  const proxy = await startProxy(t, {
    clouds: [home, there],
    locate: locations.locate,
    evidence: locations.evidence,
    onObserved(observation) {
      record(toEvent(observation))
      return true
    },
    identity: {
      async authenticate(token: Token) {
        if (token.reveal() === 'unscoped') return { ...caller, project: null }
        return token.reveal() === 'other' ? other : caller
      },
    },
  })
  return { ...proxy, record, log }
}

const claimOf = (resource: ResourceKey) => created(resource, bob, { serviceProvider: sp1 })
const requests: readonly { resource: ResourceKey; method: string; path: string; read: string }[] = [
  ...['GET', 'PATCH', 'DELETE'].map(method => ({ method, below: '' })),
  { method: 'PUT', below: '/file' },
  { method: 'GET', below: '/file' },
]
  .map(({ method, below }) => ({
    resource: image,
    method,
    path: `/image/v2/images/${image.id}${below}`,
    read: `/v2/images/${image.id}`,
  }))
  .concat(
    [
      { method: 'GET', below: '' },
      { method: 'PUT', below: '' },
      { method: 'DELETE', below: '' },
      { method: 'POST', below: '/action' },
    ].map(({ method, below }) => ({
      resource: disk,
      method,
      path: `/volume/v3/${alice}/volumes/${disk.id}${below}`,
      read: `/v3/${alice}/volumes/${disk.id}`,
    })),
  )

for (const { resource, method, path, read } of requests) {
  const title = `${method} ${path.replace(resource.id, '{id}').replace(alice, '{project}')}`

  test(`${title}: a resource older than the log stays at the identity provider if a service provider claims it`, async t => {
    const home = await startCloud(t, idp, json(200, { from: 'home' }))
    const there = await startCloud(t, sp1, json(200, { from: 'sp1' }))
    const { url, observed } = await startClaimed(t, [claimOf(resource)], { home, there })
    for (const _ of [1, 2, 3]) {
      const answer = await ask(url + path, { method, headers: good })
      t.is(answer.headers['mm-service-provider'], 'default')
    }
    t.deepEqual(there.seen, [], 'nothing was sent to the claiming cloud')
    t.deepEqual(home.seen, [
      `GET ${read}`,
      ...Array(3).fill(`${method} ${path.replace(/^\/(?:image|volume)/, '')}`),
    ])
    t.like(observed, [{ learned: 'found', serviceProvider: idp, resource }])
  })

  test(`${title}: a claim counts if the identity provider does not hold the resource, after one read for each project`, async t => {
    const home = await startCloud(t, idp, json(404, {}))
    const there = await startCloud(t, sp1, json(200, { from: 'sp1' }))
    const { url, log } = await startClaimed(t, [claimOf(resource)], { home, there })
    for (const _ of [1, 2]) {
      const answer = await ask(url + path, { method, headers: good })
      t.is(answer.headers['mm-service-provider'], 'sp1', `${answer.status} ${answer.body}`)
    }
    t.deepEqual(home.seen, [`GET ${read}`])
    t.like(log.get(log.head().position), {
      eventType: 'mixmatch.observed.absent',
      serviceProvider: idp,
      resource,
      project: alice,
      kind: 'noted',
    })
    const others = path.replace(alice, bob)
    await ask(url + others, { method, headers: { 'X-Auth-Token': 'other' } })
    t.deepEqual(home.seen, [`GET ${read}`, `GET ${read.replace(alice, bob)}`])
  })
}

test('after an administrator has listed all resources of the identity provider, it is not asked again', async t => {
  const home = await startCloud(t, idp, json(500, {}))
  const there = await startCloud(t, sp1, json(200, {}))
  const listed = event({
    serviceProvider: idp,
    source: 'reconcile',
    eventType: ownEventTypes.reconcileFinished,
    wire: { exchange: '', routingKey: 'image', envelope: 'none' },
  })
  const { url } = await startClaimed(t, [listed, claimOf(image)], { home, there })
  const answer = await ask(`${url}/image/v2/images/${image.id}`, { headers: good })
  t.is(answer.headers['mm-service-provider'], 'sp1')
  t.deepEqual(home.seen, [])
})

test('a service provider that responds to a create with the id of another resource does not move that resource', async t => {
  const home = await startCloud(t, idp, json(200, { from: 'home' }))
  const there = await startCloud(t, sp1, json(201, { id: image.id, owner: bob }))
  const { url, observed } = await startClaimed(t, [], { home, there })
  const create = await ask(`${url}/image/v2/images`, {
    method: 'POST',
    headers: { ...good, 'MM-SERVICE-PROVIDER': 'sp1', 'Content-Type': 'application/json' },
    body: '{"name": "x"}',
  })
  t.is(create.status, 201)
  t.like(observed[0], { learned: 'created', serviceProvider: sp1, resource: image })
  for (const method of ['GET', 'PATCH', 'DELETE']) {
    const answer = await ask(`${url}/image/v2/images/${image.id}`, { method, headers: good })
    t.is(answer.headers['mm-service-provider'], 'default')
  }
  t.deepEqual(there.seen, ['POST /v2/images'])
})

for (const [name, answer] of [
  ['fails', json(500, {})],
  ['forbids the read', json(403, {})],
  ['does not understand the read', json(400, {})],
] as const) {
  test(`nothing is sent to the cloud that claims an image if the identity provider ${name}`, async t => {
    const home = await startCloud(t, idp, answer)
    const there = await startCloud(t, sp1, json(200, {}))
    const { url, access } = await startClaimed(t, [claimOf(image)], { home, there })
    const refused = await ask(`${url}/image/v2/images/${image.id}`, { headers: good })
    t.is(refused.status, 503)
    t.regex(
      refused.body.toString(),
      /"sp1\\?" says that it holds image .* name the cloud in MM-SERVICE-PROVIDER/,
    )
    t.deepEqual(there.seen, [])
    t.like(await access(), { status: 503, service_provider: null })
  })
}

test('requests at the same time for the same claim share one read', async t => {
  const home = await startCloud(t, idp, (req, res) => {
    setTimeout(() => json(404, {})(req, res), 1000)
  })
  const there = await startCloud(t, sp1, json(200, {}))
  const { url } = await startClaimed(t, [claimOf(image)], { home, there })
  const read = () => ask(`${url}/image/v2/images/${image.id}`, { headers: good })
  const answers = await Promise.all([1, 2, 3, 4, 5].map(read))
  t.deepEqual(
    answers.map(({ headers }) => headers['mm-service-provider']),
    Array(5).fill('sp1'),
  )
  t.is(home.seen.length, 1)
})

test('a request whose body refers to a claimed snapshot creates nothing at the claiming cloud', async t => {
  const home = await startCloud(t, idp, json(200, {}))
  const there = await startCloud(t, sp1, json(202, {}))
  const snapshot = { ...disk, type: 'snapshot' } as const
  const { url } = await startClaimed(t, [claimOf(snapshot)], { home, there })
  const create = await ask(`${url}/volume/v3/${alice}/volumes`, {
    method: 'POST',
    headers: { ...good, 'Content-Type': 'application/json' },
    body: JSON.stringify({ volume: { snapshot_id: snapshot.id, size: 1 } }),
  })
  t.is(create.headers['mm-service-provider'], 'default')
  t.deepEqual(there.seen, [])
})

test('the identity provider is asked successfully even if it does not know the microversion of the request', async t => {
  const versions: unknown[] = []
  const home = await startCloud(t, idp, (req, res) => {
    versions.push(req.headers['openstack-api-version'])
    json(404, {})(req, res)
  })
  const there = await startCloud(t, sp1, json(200, {}))
  const group: ResourceKey = { ...disk, type: 'group' }
  const { url } = await startClaimed(t, [claimOf(disk), claimOf(group)], { home, there })
  const headers = { ...good, 'OpenStack-API-Version': 'volume 3.71' }
  await ask(`${url}/volume/v3/${alice}/volumes/${disk.id}`, { headers })
  await ask(`${url}/volume/v3/${alice}/groups/${disk.id}`, { headers })
  t.deepEqual(versions, [undefined, 'volume 3.13'])
  t.is(there.requests[0]?.headers['openstack-api-version'], 'volume 3.71')
})

test('a CORS preflight for a claimed id goes to the identity provider', async t => {
  const home = await startCloud(t, idp, json(200, {}))
  const there = await startCloud(t, sp1, json(200, {}))
  const { url } = await startClaimed(t, [claimOf(image)], { home, there })
  const headers = {
    Origin: 'https://horizon.example',
    'Access-Control-Request-Method': 'PUT',
  }
  const path = `/v2/images/${image.id}/file`
  const answer = await ask(`${url}/image${path}`, { method: 'OPTIONS', headers })
  t.is(answer.headers['mm-service-provider'], 'default')
  t.deepEqual(home.seen, [`OPTIONS ${path}`])
  t.deepEqual(there.seen, [])
})

test('a result for a token without a project is not reused, so each request asks again', async t => {
  const home = await startCloud(t, idp, json(404, {}))
  const there = await startCloud(t, sp1, json(200, {}))
  const { url, observed } = await startClaimed(t, [claimOf(image)], { home, there })
  const read = () =>
    ask(`${url}/image/v2/images/${image.id}`, { headers: { 'X-Auth-Token': 'unscoped' } })
  t.is((await read()).headers['mm-service-provider'], 'sp1')
  t.is((await read()).headers['mm-service-provider'], 'sp1')
  t.is(home.seen.length, 2)
  t.deepEqual(observed, [])
})
