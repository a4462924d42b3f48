import { probeBus } from '../bus/amqp/bus-probe.js'
import type { Cloud } from '../config/clouds.js'
import type { Config } from '../config/config.js'
import { MixmatchError } from '../errors.js'
import { addressesOf, createAllowed } from '../identity/addresses.js'
import { parseToken, type TokenDescription } from '../identity/answers.js'
import { type Ask, openConnection } from '../identity/connection.js'
import { ADMIN, createServiceIdentity, type ServiceAccess } from '../identity/service-identity.js'
import { IDENTITY_PROVIDER } from '../ids.js'
import { type ServiceName, serviceNames } from '../service/service.js'
import { services } from '../service/services.js'
import { createPools } from '../upstream/pools.js'
import { lookAtBus } from './bus.js'
import { lookAtCatalog } from './catalog.js'
import { lookAtLog } from './event-log.js'
import { lookAtFederation } from './federation.js'
import { type Finding, failureOf, type Look, ok, warning } from './finding.js'
import { lookAtKeystone } from './keystone.js'
import { lookAtService } from './service.js'

/** Nobody waits longer for a diagnosis. */
const TIMEOUT_MS = 10_000

/**
 * Look at everything that Mixmatch depends on, and say of each thing whether it is well. Nothing is
 * changed anywhere. The clouds are asked at once; findings come cloud by cloud.
 */
export async function examine(config: Config): Promise<readonly Finding[]> {
  const log = { serviceProvider: null, part: 'event log', ...lookAtLog(config.database.file) }
  await using practice = openPractice(config)
  const home = await practice.atHome()
  const clouds = await Promise.all(config.clouds.map(cloud => practice.look(cloud, home)))
  return [log, ...clouds.flat()]
}

/** What the identity provider says of our own user; null where it cannot be asked. */
type Home = TokenDescription | null

interface Practice extends AsyncDisposable {
  atHome(): Promise<Home>
  look(cloud: Cloud, home: Home): Promise<readonly Finding[]>
}

function openPractice(config: Config): Practice {
  const { auth, clouds, notification } = config
  const connectTimeoutMs = Math.min(config.upstream.connectTimeoutMs || TIMEOUT_MS, TIMEOUT_MS)
  const timeouts = { connectTimeoutMs, answerTimeoutMs: TIMEOUT_MS }
  const upstream = { connectTimeoutMs, headersTimeoutMs: TIMEOUT_MS, idleTimeoutMs: TIMEOUT_MS }
  const identity = createServiceIdentity({
    keystone: auth,
    clouds,
    wanted: [ADMIN],
    timeouts,
    now: Date.now,
  })
  const pools = createPools({
    connectTimeoutMs,
    connections: null,
    trust: name => clouds.find(cloud => cloud.name === name) ?? auth,
  })
  const connections: { close(): Promise<void> }[] = []

  function keystoneOf({ name, authUrl, cafile, insecure }: Cloud): { ask: Ask; v3: string } {
    const trust = name === IDENTITY_PROVIDER ? auth : { cafile, insecure }
    const connection = openConnection({
      ...timeouts,
      ...trust,
      peer: `Keystone of "${name}"`,
      faults: { unreachable: 'SERVICE_PROVIDER_UNREACHABLE', timeout: 'SERVICE_PROVIDER_TIMEOUT' },
    })
    connections.push(connection)
    const url = name === IDENTITY_PROVIDER ? auth.authUrl : authUrl
    return { ask: connection.ask, v3: addressesOf(url).v3 }
  }

  async function lookAtLogin(cloud: Cloud): Promise<Look & { access: ServiceAccess | null }> {
    if (!cloud.credentials && !auth.credentials) {
      const found = 'Mixmatch has no user of its own: users are served, but reconcile cannot look'
      return { ...warning(found), access: null }
    }
    try {
      const access = await identity.access(cloud.name)
      const found = [`acts in project ${access.project.name}`, ...powers(access, cloud, auth)]
      return { ...ok(found.join('; ')), access }
    } catch (error) {
      const look = failureOf(error)
      // Most clouds keep service users out, on purpose; users come by a way of their own.
      const keptOut = !cloud.credentials && isNotAdmitted(error)
      return { ...(keptOut ? warning(look.found) : look), access: null }
    }
  }

  async function lookAtEndpoint(cloud: Cloud, service: ServiceName, access: ServiceAccess | null) {
    const { catalogTypes } = services[service]
    const listed = catalogTypes.map(type => access?.endpoints.get(type)).find(url => url)
    const url = cloud.endpoints[service] ?? listed
    if (url === undefined)
      return warning(`not looked at: ${service}_endpoint is not set, and its catalog not known`)
    const pool = (origin: string) => pools.pool(cloud.name, origin, 'GET')
    return lookAtService(pool, service, url, upstream)
  }

  async function lookAtMessages({ messagebus, queueName, cafile, insecure }: Cloud): Promise<Look> {
    if (messagebus === null)
      return warning('messagebus is not set: nothing of this cloud is recorded')
    const probe = await probeBus({
      url: messagebus,
      exchanges: notification.exchanges,
      queue: queueName,
      tls: { caFile: cafile, insecure },
      connectTimeoutMs,
    })
    return lookAtBus(probe, queueName)
  }

  return {
    async atHome() {
      const cloud = clouds.find(({ name }) => name === IDENTITY_PROVIDER)
      if (!cloud || (!cloud.credentials && !auth.credentials)) return null
      try {
        const { token } = await identity.access(IDENTITY_PROVIDER)
        const { ask, v3 } = keystoneOf(cloud)
        const own = token.reveal()
        const headers = { 'X-Auth-Token': own, 'X-Subject-Token': own }
        const step = 'asking what it says of our own token'
        return parseToken(await ask({ step, method: 'GET', url: `${v3}/auth/tokens`, headers }))
      } catch (error) {
        failureOf(error) // the login tells it
        return null
      }
    },
    async look(cloud, home) {
      const { name, enabledServices } = cloud
      const { ask, v3 } = keystoneOf(cloud)
      const enabled = serviceNames.filter(service => enabledServices.includes(service))
      const [keystone, login, bus] = await Promise.all([
        lookAtKeystone(ask, v3),
        lookAtLogin(cloud),
        lookAtMessages(cloud),
      ])
      const answers = await Promise.all(
        enabled.map(
          async service => [service, await lookAtEndpoint(cloud, service, login.access)] as const,
        ),
      )
      const finding = (part: string, { verdict, found }: Look): Finding => ({
        serviceProvider: name,
        part,
        verdict,
        found,
      })
      return [
        finding('keystone', keystone),
        ...(keystone.clock ? [finding('clock', keystone.clock)] : []),
        finding('login', login),
        ...(name === IDENTITY_PROVIDER
          ? enabled.map(service => finding('catalog', catalogOf(home, service, cloud)))
          : [finding('federation', federationOf(home, cloud))]),
        ...answers.map(([service, look]) => finding(service, look)),
        finding('bus', bus),
      ]
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([
        pools.destroy(),
        identity.close(),
        ...connections.map(each => each.close()),
      ])
    },
  }
}

/** What Mixmatch's user can do at a cloud, and what not for want of a role. */
function powers(
  { roles }: ServiceAccess,
  { name }: Cloud,
  { serviceTokenRoles }: Config['auth'],
): readonly string[] {
  const isService = roles.some(role => serviceTokenRoles.includes(role))
  return [
    roles.includes(ADMIN) ? 'an administrator' : 'no administrator: reconcile sees its own alone',
    ...(isService || name === IDENTITY_PROVIDER
      ? []
      : ['no service (service_token_roles): Nova cannot detach volumes of this cloud']),
  ]
}

function isNotAdmitted(error: unknown): boolean {
  return error instanceof MixmatchError && error.code === 'NO_PROJECT_AT_SERVICE_PROVIDER'
}

const NOT_SEEN = 'not looked at: it takes a login of Mixmatch itself at the identity provider'

function catalogOf(home: Home, service: ServiceName, { endpoints }: Cloud): Look {
  return home ? lookAtCatalog(home.catalog, service, endpoints[service]) : warning(NOT_SEEN)
}

function federationOf(home: Home, { spName, authUrl, allowedHosts }: Cloud): Look {
  if (!home) return warning(NOT_SEEN)
  return lookAtFederation(
    { spName, isAllowed: createAllowed(authUrl, allowedHosts) },
    home.serviceProviders,
  )
}
