import type { CloudConfig } from '../config/clouds.js'
import type { Config } from '../config/config.js'
import { describeToken } from '../identity/keystone.js'
import type { TokenDescription } from '../identity/keystone-responses.js'
import { ADMIN, type ServiceAccess, type ServiceIdentity } from '../identity/service-identity.js'
import { IDENTITY_PROVIDER } from '../ids.js'
import { type ServiceName, serviceNames } from '../service/service.js'
import { services } from '../service/services.js'
import { type CloudClients, openCloudClients } from '../upstream/cloud-clients.js'
import { checkCatalog } from './catalog-endpoint.js'
import { checkFederation } from './federation-entry.js'
import { type CheckResult, type Finding, failureOf, warning } from './finding.js'
import { checkFleetNode } from './fleet-node.js'
import { checkStream } from './fleet-stream.js'
import { checkKeystoneAndClock } from './keystone-reachability.js'
import { checkLog } from './log-health.js'
import { checkLogin } from './login.js'
import { checkBuses } from './message-bus.js'
import { type CheckedService, checkService } from './service-reachability.js'

/** Operators do not want to wait longer. */
const TIMEOUT_MS = 10_000

/**
 * Check everything that Mixmatch depends on, with one finding for each part. Nothing is changed anywhere.
 * The clouds are checked at the same time; the findings are in the order of the clouds.
 */
export async function examine(config: Config): Promise<readonly Finding[]> {
  const log = { serviceProvider: null, part: 'event log', ...checkLog(config.database.file) }
  const impatientConfig = { ...config, upstream: shortTimeouts(config.upstream) }
  await using clients = openCloudClients(impatientConfig)
  const context = { config: impatientConfig, clients, identity: clients.serviceIdentity([ADMIN]) }
  const ownToken = await describeOwnToken(context)
  const [fleet, ...clouds] = await Promise.all([
    checkFleet(context),
    ...config.clouds.map(cloud => checkCloud(cloud, ownToken, context)),
  ])
  return [log, ...fleet, ...clouds.flat()]
}

/** The stream and this node; nothing on a single machine. */
async function checkFleet({
  config: { fleet, ops, upstream },
  clients: { pools },
}: CheckContext): Promise<readonly Finding[]> {
  if (fleet.stream === null) return []
  const pool = (origin: string) => pools.pool(IDENTITY_PROVIDER, origin)
  const [stream, node] = await Promise.all([
    checkStream(fleet.stream, upstream),
    checkFleetNode(pool, ops, upstream),
  ])
  return [
    { serviceProvider: null, part: 'stream', ...stream },
    { serviceProvider: null, part: 'fleet', ...node },
  ]
}

interface CheckContext {
  readonly config: Config
  readonly clients: CloudClients
  readonly identity: ServiceIdentity
}

function shortTimeouts({ connectTimeoutMs }: Config['upstream']): Config['upstream'] {
  return {
    connectTimeoutMs: Math.min(connectTimeoutMs, TIMEOUT_MS),
    headersTimeoutMs: TIMEOUT_MS,
    idleTimeoutMs: TIMEOUT_MS,
  }
}

/** The identity provider's description of Mixmatch's own token; null if it cannot be read. */
async function describeOwnToken({
  config: { auth, clouds },
  clients,
  identity,
}: CheckContext): Promise<TokenDescription | null> {
  const cloud = clouds.find(({ name }) => name === IDENTITY_PROVIDER)
  if (!cloud || (!cloud.credentials && !auth.credentials)) return null
  try {
    const { token } = await identity.access(IDENTITY_PROVIDER)
    return await describeToken(clients.keystones.home, token)
  } catch (error) {
    failureOf(error) // the login check reports the error
    return null
  }
}

async function checkCloud(
  cloud: CloudConfig,
  ownToken: TokenDescription | null,
  context: CheckContext,
): Promise<readonly Finding[]> {
  const { config, clients, identity } = context
  const { name } = cloud
  const keystone = name === IDENTITY_PROVIDER ? clients.keystones.home : clients.keystones.at(name)
  const enabled = serviceNames.filter(service => cloud.enabledServices.includes(service))
  const checked = servicesOf(cloud)
  const finding = (part: string, { verdict, found }: CheckResult): Finding => ({
    serviceProvider: name,
    part,
    verdict,
    found,
  })
  const [reachability, login, buses] = await Promise.all([
    checkKeystoneAndClock(keystone),
    checkLogin(cloud, config.auth, identity),
    checkBuses(cloud, config),
  ])
  const endpoints = await Promise.all(
    checked.map(async service =>
      finding(service.name, await checkEndpoint(cloud, service, login.access, context)),
    ),
  )
  return [
    finding('keystone', reachability.result),
    ...(reachability.clock ? [finding('clock', reachability.clock)] : []),
    finding('login', login.result),
    ...(name === IDENTITY_PROVIDER
      ? enabled.map(service => finding('catalog', checkCatalogOf(ownToken, service, cloud)))
      : [finding('federation', checkFederationWith(ownToken, cloud, context))]),
    ...endpoints,
    ...buses.map(({ part, ...result }) => finding(part, result)),
  ]
}

interface EnabledService extends CheckedService {
  readonly catalogTypes: readonly string[]
  /** As configured; null for the endpoint in the catalog of the cloud. */
  readonly endpoint: string | null
}

function servicesOf({
  enabledServices,
  endpoints,
  extendsNetworks,
  networkEndpoint,
}: CloudConfig): readonly EnabledService[] {
  const proxied = serviceNames
    .filter(name => enabledServices.includes(name))
    .map(name => ({ ...services[name], endpoint: endpoints[name] }))
  const network = { name: 'network', version: 'v2', catalogTypes: ['network'] }
  return extendsNetworks ? [...proxied, { ...network, endpoint: networkEndpoint }] : proxied
}

async function checkEndpoint(
  cloud: CloudConfig,
  service: EnabledService,
  access: ServiceAccess | null,
  { config, clients: { pools } }: CheckContext,
): Promise<CheckResult> {
  const listed = service.catalogTypes.map(type => access?.endpoints.get(type))
  const url = service.endpoint ?? listed.find(endpoint => endpoint)
  if (url === undefined) {
    return warning(`not looked at: ${service.name}_endpoint is not set, and its catalog not known`)
  }
  const pool = (origin: string) => pools.pool(cloud.name, origin)
  return checkService(pool, service, url, config.upstream)
}

const NOT_CHECKED = 'not looked at: it takes a login of Mixmatch itself at the identity provider'

function checkCatalogOf(
  ownToken: TokenDescription | null,
  service: ServiceName,
  { endpoints }: CloudConfig,
): CheckResult {
  return ownToken
    ? checkCatalog(ownToken.catalog, service, endpoints[service])
    : warning(NOT_CHECKED)
}

function checkFederationWith(
  ownToken: TokenDescription | null,
  { name }: CloudConfig,
  { clients }: CheckContext,
): CheckResult {
  return ownToken
    ? checkFederation(clients.keystones.at(name), ownToken.serviceProviders)
    : warning(NOT_CHECKED)
}
