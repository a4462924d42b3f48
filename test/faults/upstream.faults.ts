import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import anyTest, { type TestFn } from 'ava'
import { logIn } from '../sandbox/clouds.js'
import { peakBytes } from './process-memory.js'
import { processesOf } from './processes.js'
import { type ProxyMachine, startProxyMachine } from './proxy-machine.js'
import { type UpstreamFault, upstreamFaults } from './upstream-fault.js'

/** A place where an upstream can fail, at a cloud of its own so that places are tried at the same time. */
interface Place {
  readonly name: string
  readonly cloud: string
  /** Method and path of the request that fails. */
  readonly request: RegExp
  readonly kind: 'service' | 'identity provider' | 'service provider'
}

const IMAGE = '/image/v2/images/22222222-2222-4222-8222-222222222222'
const VOLUME = 'volumes/11111111-1111-4111-8111-111111111111'
const VALIDATION = 'validating the token'
const TOKENS = '/identity/v3/auth/tokens'

/** Everybody logs in at the identity provider, so its places are tried one after the other. */
const homePlaces: readonly Place[] = [
  {
    name: VALIDATION,
    cloud: 'default',
    request: new RegExp(`^GET ${TOKENS}`),
    kind: 'identity provider',
  },
  {
    name: 'asking for an assertion',
    cloud: 'default',
    request: /^POST \/identity\/v3\/auth\/OS-FEDERATION\/saml2\/ecp/,
    kind: 'identity provider',
  },
]

const places: readonly Place[] = [
  { name: 'Glance', cloud: 'sp1', request: new RegExp(`^GET ${IMAGE}`), kind: 'service' },
  { name: 'Cinder', cloud: 'sp2', request: new RegExp(`^GET .*/${VOLUME}`), kind: 'service' },
  {
    name: 'presenting the assertion',
    cloud: 'sp3',
    request: /^POST \/Shibboleth\.sso\//,
    kind: 'service provider',
  },
  {
    name: 'opening the session',
    cloud: 'sp4',
    request: /^GET \/identity\/v3\/OS-FEDERATION\/identity_providers\//,
    kind: 'service provider',
  },
  {
    name: 'listing projects',
    cloud: 'sp5',
    request: /^GET \/identity\/v3\/(?:auth|OS-FEDERATION)\/projects/,
    kind: 'service provider',
  },
  {
    name: 'asking for a scoped token',
    cloud: 'sp6',
    request: new RegExp(`^POST ${TOKENS}`),
    kind: 'service provider',
  },
]

/** Of `headers_timeout` and `idle_timeout`. */
const TIMEOUT_S = 5
/** A busy machine is late by some seconds. */
const PATIENCE_MS = 45_000
const CLIENT_TIMEOUT_MS = 60_000
/** Of a response without end, the client reads this much. */
const READ_BYTES = 32 * 1024 * 1024
/** Far less than a body that is decompressed, or kept. */
const MAX_RESIDENT_BYTES = 400e6

const faultsAt = new Map<string, { place: Place; fault: UpstreamFault; met: number }>()
const test = anyTest as TestFn<ProxyMachine & { workers: readonly number[]; end(): Promise<void> }>

test.before(async t => {
  const steps: (() => unknown)[] = []
  const teardown = (step: () => unknown) => void steps.push(step)
  const timeouts = ['headers_timeout', 'idle_timeout'].map(name => `${name} = ${TIMEOUT_S}`)
  const machine = await startProxyMachine(
    { teardown },
    {
      clouds: ['default', ...places.map(({ cloud }) => cloud)],
      options: ['workers = 1', ...timeouts],
      intercept,
    },
  )
  const end = async () => {
    for (const step of steps.toReversed()) await step()
  }
  t.context = { ...machine, workers: [], end }
  await machine.node.start()
  await machine.node.untilReady()
  t.context.workers = workersOf(machine)
})

test.after.always(t => t.context.end?.())

for (const fault of upstreamFaults) {
  test.serial(`an upstream that ${fault.name} ends each request with the right status`, async t => {
    const found = new Map<string, number | string>()
    const tryAt = async (place: Place) => {
      found.set(place.name, await statusUnder(t.context, place, fault))
    }
    for (const place of homePlaces) await tryAt(place)
    await Promise.all(places.map(tryAt))
    const all = [...homePlaces, ...places]
    const expected = new Map(all.map(place => [place.name, expectedEnd(place, fault)]))
    t.deepEqual(Object.fromEntries(found), Object.fromEntries(expected))
  })
}

test.serial('the worker has lived through all faults in bounded memory', t => {
  const workers = workersOf(t.context)
  t.deepEqual(workers, t.context.workers)
  const [peak = Number.POSITIVE_INFINITY] = workers.map(peakBytes)
  t.log(`at most ${(peak / 1e6).toFixed(0)} MB`)
  t.true(peak < MAX_RESIDENT_BYTES)
})

test.serial('a cloud that refuses connections ends each request with 503', async t => {
  const { federation } = t.context
  for (const { cloud } of places) await federation.cloud(cloud).close()
  const statuses = places.map(place => requestAt(t.context, place))
  t.deepEqual(
    await Promise.all(statuses),
    places.map(() => 503),
  )
})

function intercept(cloud: string, req: IncomingMessage): boolean {
  const armed = faultsAt.get(cloud)
  if (!armed?.place.request.test(`${req.method} ${req.url}`)) return false
  armed.met += 1
  armed.fault.act(req.socket)
  return true
}

/** The status of a request while an upstream fails, or what else is wrong. */
async function statusUnder(
  machine: ProxyMachine,
  place: Place,
  fault: UpstreamFault,
): Promise<number | string> {
  const armed = { place, fault, met: 0 }
  faultsAt.set(place.cloud, armed)
  const begun = performance.now()
  const status = await requestAt(machine, place)
  const ms = performance.now() - begun
  faultsAt.delete(place.cloud)
  if (armed.met === 0) return `${status}, without a request to the upstream`
  if (ms > TIMEOUT_S * 1000 + PATIENCE_MS) return `${status}, after ${ms.toFixed(0)} ms`
  const after = await requestAt(machine, place)
  return after === 404 ? status : `${status}, and the next request has ${after}`
}

/** Ask for something that the cloud does not have, with a token that nobody has seen before. */
async function requestAt({ federation, node }: ProxyMachine, place: Place) {
  const { token, project } = await logIn(federation.cloud('default'))
  const path = place.name === 'Cinder' ? `/volume/v3/${project}/${VOLUME}` : IMAGE
  const cloud = place.kind === 'identity provider' ? 'sp1' : place.cloud
  const headers = { 'X-Auth-Token': token, 'MM-SERVICE-PROVIDER': cloud }
  return ask(node.url + path, headers)
}

/** How a request ends for a client that gives up after some megabytes. */
async function ask(url: string, headers: Record<string, string>): Promise<number | string> {
  const sent = request(url, { headers, agent: false, timeout: CLIENT_TIMEOUT_MS })
  sent.on('timeout', () => sent.destroy(new Error('no byte for a minute'))).end()
  const [response]: IncomingMessage[] = await once(sent, 'response')
  if (!response) return 'no response'
  let bytes = 0
  try {
    for await (const chunk of response) {
      bytes += chunk.length
      if (bytes > READ_BYTES) break
    }
    return response.statusCode ?? 'no status'
  } catch {
    return `${response.statusCode}, broken off`
  }
}

function expectedEnd({ name, kind }: Place, { glance, cinder, login }: UpstreamFault) {
  switch (kind) {
    case 'service':
      return name === 'Glance' ? glance : cinder
    case 'identity provider': // whatever Keystone answers, a user whose token is not validated may come again
      return login === 'unusable' && name !== VALIDATION ? 502 : 503
    case 'service provider':
      return { unreachable: 503, late: 504, unusable: 502 }[login]
  }
}

function workersOf({ node }: ProxyMachine): readonly number[] {
  return processesOf(node).flatMap(({ pid, role }) => (role === 'worker' ? [pid] : []))
}
