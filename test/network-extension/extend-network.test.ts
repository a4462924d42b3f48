import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import ava, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import { people } from '../../sandbox/people.js'
import { readConfig } from '../../src/config/config.js'
import { openLogReader } from '../../src/log/open-log.js'
import { createProxyMetrics } from '../../src/metrics/proxy-metrics.js'
import { openRecorder } from '../../src/process/recorder.js'
import { runWorker } from '../../src/process/worker.js'
import { folder } from '../controls.js'
import { call, logIn, startClouds } from '../sandbox/clouds.js'
import { type Network, respond, startNeutron } from './neutron-server.js'

/** Tests run one after another, because each starts two clouds. */
const test = ava.serial

const EXTENSION = '/network/v2.0/networks/extended'

/** The proxy and its recorder, in front of two miniature clouds with a Neutron each. */
async function startScene(t: ExecutionContext, settings: Readonly<Record<string, string>> = {}) {
  const federation = await startClouds(t, { clouds: ['default', 'sp1'] })
  const [home, there] = [federation.cloud('default'), federation.cloud('sp1')]
  const [homeNeutron, originNeutron] = await Promise.all([
    startNeutron(t, home),
    startNeutron(t, there),
  ])
  const user = await logIn(home)
  const path = folder(t)
  const env = {
    OS_DEFAULT__HOST: '127.0.0.1',
    OS_DEFAULT__PORT: '0',
    OS_DEFAULT__SERVICE_PROVIDERS: 'default, sp1',
    OS_AUTH__AUTH_URL: home.keystoneUrl,
    OS_AUTH__USERNAME: people.admin.name,
    OS_AUTH__PASSWORD: people.admin.password,
    OS_AUTH__PROJECT_NAME: people.admin.project,
    OS_SP_DEFAULT__IMAGE_ENDPOINT: home.imageUrl,
    OS_SP_DEFAULT__VOLUME_ENDPOINT: home.volumeUrl,
    OS_SP_DEFAULT__NETWORK_ENDPOINT: homeNeutron.url,
    OS_SP_DEFAULT__ENABLED_SERVICES: 'image, volume, network',
    OS_SP_SP1__AUTH_URL: there.keystoneUrl,
    OS_SP_SP1__NETWORK_ENDPOINT: originNeutron.url,
    OS_SP_SP1__ENABLED_SERVICES: 'image, volume, network',
    OS_SP_SP1__USERNAME: people.admin.name,
    OS_SP_SP1__PASSWORD: people.admin.password,
    OS_SP_SP1__PROJECT_NAME: people.admin.project,
    ...settings,
  }
  const config = readConfig({ cwd: path, env })
  const logger = pino({ level: 'silent' })
  const files = { logFile: join(path, 'events.db'), viewsFile: join(path, 'views.db') }
  const fail = (error: unknown) => t.fail(String(error))
  const recorder = await openRecorder({ ...files, command: 'test' }, fail, logger)
  let end = () => {}
  const asked = new Promise<void>(resolve => {
    end = resolve
  })
  let working: Promise<number> | undefined
  const port = await new Promise<number>((resolve, reject) => {
    const metrics = createProxyMetrics()
    working = runWorker({
      config,
      files,
      metrics,
      stop: asked,
      onCommand() {},
      onListening: ({ port }) => resolve(port),
      logRequest() {},
      logger,
    })
    working.catch(reject)
  })
  t.teardown(async () => {
    end()
    await working
    await recorder[Symbol.asyncDispose]()
  })

  const url = `http://127.0.0.1:${port}`
  const image = { name: 'whose project is asked for', disk_format: 'raw', container_format: 'bare' }
  const at = { 'MM-SERVICE-PROVIDER': 'sp1' }
  const made = await user.call('POST', `${url}/image/v2/images`, { json: image, headers: at })
  const project = made.json.owner
  const addNetwork = (members: Partial<Network> = {}): Network => {
    const network = {
      id: randomUUID(),
      name: 'theirs',
      project_id: project,
      'provider:network_type': 'vxlan',
      'provider:segmentation_id': 1000 + originNeutron.networks.length,
      ...members,
    }
    originNeutron.networks.push(network)
    return network
  }
  return {
    url,
    user,
    homeNeutron,
    originNeutron,
    addNetwork,
    extend: (network: object) => user.call('POST', `${url}${EXTENSION}`, { json: { network } }),
    /** Waits for this number of events of extended networks, and returns them. */
    async events(count: number) {
      for (;;) {
        using log = openLogReader(files.logFile)
        const found = [...log.read()].filter(each => each.eventType === 'mixmatch.network.extended')
        if (found.length >= count) return found
        await sleep(20)
      }
    },
  }
}

test('a network that the user can see at a service provider is extended, and the log has an event', async t => {
  const { extend, addNetwork, homeNeutron, originNeutron, user, events } = await startScene(t)
  const network = addNetwork()
  const response = await extend({
    existing_net_id: network.id,
    existing_net_sp: 'sp1',
    name: 'ours',
    description: 'of sp1',
    shared: false,
  })
  t.is(response.status, 201)
  t.is(response.headers.get('MM-Service-Provider'), 'default')
  t.regex(response.headers.get('X-Openstack-Request-Id') ?? '', /^req-/)
  const [created] = homeNeutron.networks
  t.deepEqual(created, {
    id: response.json.network.id,
    name: 'ours',
    description: 'of sp1',
    'provider:network_type': 'vxlan',
    'provider:segmentation_id': 1000,
    project_id: user.project,
  } as Network)
  t.deepEqual(response.json.network, { ...created, status: 'ACTIVE', subnets: [] })
  t.deepEqual(homeNeutron.requests, ['POST /v2.0/networks as admin'])
  t.deepEqual(originNeutron.requests, [
    `GET /v2.0/networks/${network.id} as demo`,
    `GET /v2.0/networks/${network.id} as admin`,
  ])

  const [event] = await events(1)
  t.like(event, {
    serviceProvider: 'default',
    source: 'proxy',
    kind: 'noted',
    project: user.project,
  })
  t.like(JSON.parse(event?.body ?? ''), {
    network: created?.id,
    extends: { service_provider: 'sp1', network: network.id },
    segmentation_id: 1000,
    project: user.project,
    request_id: response.headers.get('X-Openstack-Request-Id'),
  })
})

test('a request without the network or its cloud gets 400', async t => {
  const { extend, url, user } = await startScene(t)
  const id = randomUUID()
  for (const network of [
    {},
    { existing_net_sp: 'sp1' },
    { existing_net_id: id },
    { existing_net_id: '', existing_net_sp: 'sp1' },
    { existing_net_id: [id], existing_net_sp: 'sp1' },
  ]) {
    const { status, json } = await extend(network)
    t.is(status, 400)
    t.is(json.NeutronError.type, 'BAD_REQUEST')
  }
  for (const body of ['', 'no JSON', '[]', '{"network": null}', '{"networks": []}']) {
    t.is((await user.call('POST', `${url}${EXTENSION}`, { body })).status, 400)
  }
})

test('a network is not extended without a valid token', async t => {
  const { url, addNetwork, originNeutron, homeNeutron } = await startScene(t)
  const json = { network: { existing_net_id: addNetwork().id, existing_net_sp: 'sp1' } }
  for (const headers of [{}, { 'X-Auth-Token': 'guessed' }] as Record<string, string>[]) {
    const response = await call('POST', `${url}${EXTENSION}`, { json, headers })
    t.is(response.status, 401)
    t.regex(response.headers.get('WWW-Authenticate') ?? '', /Keystone uri=/)
    t.is(response.json.error.code, 401)
  }
  t.deepEqual([...originNeutron.requests, ...homeNeutron.requests], [])
})

test('a network at an unknown cloud, or one that the user cannot see, is not extended', async t => {
  const { extend, addNetwork, homeNeutron } = await startScene(t)
  const foreign = addNetwork({ project_id: 'f'.repeat(32) })
  const cases: [origin: string, id: string, message: RegExp][] = [
    ['sp9', foreign.id, /"sp9".*expected one of: sp1/],
    ['default', foreign.id, /to this cloud, not from it/],
    ['sp1', randomUUID(), /not found in any project/],
    ['sp1', foreign.id, /not found in any project/],
  ]
  for (const [origin, id, message] of cases) {
    const { status, json } = await extend({ existing_net_id: id, existing_net_sp: origin })
    t.is(status, 422)
    t.regex(json.NeutronError.message, message)
  }
  t.deepEqual(homeNeutron.requests, [])
})

test('an id that services could read as another path is not sent', async t => {
  const { extend, originNeutron } = await startScene(t)
  for (const id of ['..', '../routers', 'a/b', '%2e%2e']) {
    const { status } = await extend({ existing_net_id: id, existing_net_sp: 'sp1' })
    t.true(status === 400 || status === 422, id)
  }
  t.true(originNeutron.requests.every(request => request.startsWith('GET /v2.0/networks/%252e')))
})

test('a network that is shared with the user is extended', async t => {
  const { extend, addNetwork } = await startScene(t)
  const shared = addNetwork({ project_id: 'f'.repeat(32), shared: true })
  const { status } = await extend({ existing_net_id: shared.id, existing_net_sp: 'sp1' })
  t.is(status, 201)
})

test('a segment that is already in use is a conflict, and nothing is recorded', async t => {
  const { extend, addNetwork, homeNeutron, events } = await startScene(t)
  const { id } = addNetwork()
  const first = await extend({ existing_net_id: id, existing_net_sp: 'sp1' })
  const second = await extend({ existing_net_id: id, existing_net_sp: 'sp1' })
  t.deepEqual([first.status, second.status], [201, 409])
  t.regex(second.json.NeutronError.message, /The tunnel ID 1000 is in use/)
  t.is(homeNeutron.networks.length, 1)
  t.is((await events(1)).length, 1)
})

test('a network without a VXLAN segment cannot be extended', async t => {
  const { extend, addNetwork, homeNeutron } = await startScene(t)
  const flat = addNetwork({ 'provider:network_type': 'flat', 'provider:segmentation_id': null })
  const vlan = addNetwork({ 'provider:network_type': 'vlan', 'provider:segmentation_id': 7 })
  for (const { id } of [flat, vlan]) {
    const { status, json } = await extend({ existing_net_id: id, existing_net_sp: 'sp1' })
    t.is(status, 422)
    t.regex(json.NeutronError.message, /no VXLAN network/)
  }
  t.deepEqual(homeNeutron.requests, [])
})

test('a request that sets a member that only administrators may set is rejected', async t => {
  const { extend, addNetwork, homeNeutron, user } = await startScene(t)
  const known = { existing_net_id: addNetwork().id, existing_net_sp: 'sp1' }
  for (const member of ['shared', 'router:external', 'is_default', 'provider:physical_network']) {
    const { status, json } = await extend({ ...known, [member]: true })
    t.is(status, 403)
    t.true(json.NeutronError.message.includes(`"${member}"`))
  }
  t.deepEqual(homeNeutron.requests, [])
  const others = { project_id: 'f'.repeat(32), tenant_id: 'f'.repeat(32) }
  const segment = { 'provider:network_type': 'flat', 'provider:segmentation_id': 5 }
  t.is((await extend({ ...known, ...others, ...segment })).status, 201)
  t.like(homeNeutron.networks[0], {
    project_id: user.project,
    'provider:network_type': 'vxlan',
    'provider:segmentation_id': 1000,
  })
  t.false('tenant_id' in (homeNeutron.networks[0] ?? {}))
})

test('a Neutron that fails is unavailable, and a create is not retried', async t => {
  const { extend, addNetwork, homeNeutron, originNeutron } = await startScene(t)
  const request = { existing_net_id: addNetwork().id, existing_net_sp: 'sp1' }

  originNeutron.respond((_, response) => {
    respond(response, 500, { NeutronError: { type: 'X', message: 'database is gone' } })
    return true
  })
  const broken = await extend(request)
  t.is(broken.status, 503)
  t.truthy(broken.headers.get('Retry-After'))
  t.regex(broken.json.NeutronError.message, /"sp1".*500 \(database is gone\)/)
  originNeutron.respond(null)

  const failures = [
    [500, /answered 500/],
    [400, /answered 400/],
    [403, /answered 403/],
  ] as const
  for (const [status, message] of failures) {
    homeNeutron.requests.length = 0
    homeNeutron.respond((_, response) => {
      respond(response, status, {})
      return true
    })
    const failed = await extend(request)
    t.is(failed.status, 503)
    t.regex(failed.json.NeutronError.message, message)
    t.is(homeNeutron.requests.length, 1)
  }

  homeNeutron.requests.length = 0
  homeNeutron.respond((incoming, _) => {
    incoming.socket.destroy()
    return true
  })
  const cut = await extend(request)
  t.is(cut.status, 503)
  t.regex(cut.json.NeutronError.message, /may have been created: look for it/)
  t.is(homeNeutron.requests.length, 1)
})

test('no network is created for a client that has closed its connection', async t => {
  const { url, user, addNetwork, homeNeutron, originNeutron } = await startScene(t)
  const gone = new AbortController()
  let shown = 0
  const network = addNetwork()
  originNeutron.respond((_, response) => {
    shown += 1
    if (shown === 1) return false
    gone.abort()
    void sleep(200).then(() => respond(response, 200, { network }))
    return true
  })
  const request = fetch(`${url}${EXTENSION}`, {
    method: 'POST',
    headers: { 'X-Auth-Token': user.token },
    body: JSON.stringify({
      network: { existing_net_id: network.id, existing_net_sp: 'sp1' },
    }),
    signal: gone.signal,
  })
  await t.throwsAsync(request, { name: 'AbortError' })
  await sleep(500)
  t.is(shown, 2)
  t.deepEqual(homeNeutron.requests, [])
})

test('a revoked token of Mixmatch is replaced', async t => {
  const { extend, addNetwork, homeNeutron } = await startScene(t)
  let rejections = 1
  homeNeutron.respond((_, response) => {
    if (rejections === 0) return false
    rejections -= 1
    respond(response, 401, {})
    return true
  })
  const { status } = await extend({ existing_net_id: addNetwork().id, existing_net_sp: 'sp1' })
  t.is(status, 201)
  t.is(homeNeutron.networks.length, 1)
})

test("if Mixmatch's own user may not see the segment, the error says what the operator must change", async t => {
  const { extend, addNetwork, homeNeutron } = await startScene(t)
  const { id } = addNetwork({
    'provider:network_type': undefined as never,
    'provider:segmentation_id': undefined as never,
  })
  const { status, json } = await extend({ existing_net_id: id, existing_net_sp: 'sp1' })
  t.is(status, 503)
  t.regex(json.NeutronError.message, /get_network:provider:segmentation_id/)
  t.deepEqual(homeNeutron.requests, [])
})

test('a rejected password of Mixmatch does not give the user a 401', async t => {
  const { extend, addNetwork } = await startScene(t, { OS_SP_SP1__PASSWORD: 'not-it-at-all' })
  const { status, json, text } = await extend({
    existing_net_id: addNetwork().id,
    existing_net_sp: 'sp1',
  })
  t.is(status, 503)
  t.regex(json.NeutronError.message, /own user cannot log in at "sp1"/)
  t.false(text.includes('not-it-at-all'))
})

test('other requests to Neutron are not served, and the response says so', async t => {
  const { url, user, homeNeutron } = await startScene(t)
  for (const path of ['/network', '/network/', '/network/v2.0/networks', `${EXTENSION}/`]) {
    const { status, json } = await user.call('GET', `${url}${path}`)
    t.is(status, 404)
    t.regex(json.NeutronError.message, /POST \/network\/v2\.0\/networks\/extended alone/)
  }
  t.is((await user.call('GET', `${url}${EXTENSION}`)).status, 405)
  t.is((await call('GET', `${url}/networks`)).json.error.code, 404)
  t.deepEqual(homeNeutron.requests, [])
})

test('a cloud without network in its enabled_services extends no networks', async t => {
  const without = await startScene(t, { OS_SP_DEFAULT__ENABLED_SERVICES: 'image, volume' })
  const request = { existing_net_id: without.addNetwork().id, existing_net_sp: 'sp1' }
  const response = await without.extend(request)
  t.is(response.status, 404)
  t.regex(response.json.NeutronError.message, /not among the enabled_services of \[sp_default\]/)

  const other = await startScene(t, { OS_SP_SP1__ENABLED_SERVICES: 'image, volume' })
  t.is((await other.extend(request)).status, 422)
})
