import { nameOfBus, parseTransportUrl } from '../bus/transport-url.js'
import { IDENTITY_PROVIDER, type SpName } from '../ids.js'
import { type CertificateTrust, readTrust } from './certificate-trust.js'
import { type Credentials, readCredentials } from './credentials.js'
import type { Settings } from './effective-settings.js'
import { groupOf } from './groups.js'
import { options } from './options.js'

type ProxiedService = 'image' | 'volume'

/** One cloud: `[sp_<name>]`. */
export interface CloudConfig extends CertificateTrust {
  readonly name: SpName
  /** Its id in Keystone, as in the `service_providers` of a token. */
  readonly spName: string
  /** Transport URLs with their credentials; empty if nothing is recorded from a bus of this cloud. */
  readonly messagebuses: readonly string[]
  /** Its Keystone with or without `/v3`, or the whole URL of a federated login. */
  readonly authUrl: string
  /** Base URLs without version and slash at the end; null for the endpoint in its catalog. */
  readonly endpoints: Readonly<Record<ProxiedService, string | null>>
  /** The region of its endpoints in its catalog; null for the first endpoint in the catalog. */
  readonly region: string | null
  readonly enabledServices: readonly ProxiedService[]
  /** Whether networks are extended: to this cloud if it is the identity provider, otherwise from it. */
  readonly extendsNetworks: boolean
  /** Its Neutron, without version and slash at the end; null for the endpoint in its catalog. */
  readonly networkEndpoint: string | null
  /** The name of Mixmatch's queue on each of its buses. */
  readonly queueName: string
  /** The name of the queue that the nodes of a fleet share on each of its buses. */
  readonly fleetQueueName: string
  /** `host` or `host:port` to which an assertion may be sent; never empty. */
  readonly allowedHosts: readonly string[]
  /** The user of Mixmatch at this cloud; null if the user of `[auth]` is federated to it. */
  readonly credentials: Credentials | null
}

const { sp } = options
const endpointOptions = {
  image: sp.imageEndpoint,
  volume: sp.volumeEndpoint,
} as const

/** Read the names of the clouds. `service_providers` includes the identity provider. */
export function readCloudNames(settings: Settings): readonly SpName[] {
  const { serviceProviders } = options.DEFAULT
  const problem = (message: string) => settings.problem('DEFAULT', serviceProviders, message)
  const before = settings.problems.length
  const names = settings.read('DEFAULT', serviceProviders)
  if (settings.problems.length > before) return names

  if (!names.includes(IDENTITY_PROVIDER)) {
    const found = names.length === 0 ? 'none' : names.join(', ')
    problem(`expected the names of the clouds, "${IDENTITY_PROVIDER}" among them; found ${found}`)
  }
  for (const [one, other] of findSimilarNames(names)) {
    problem(`expected names that differ in letters or digits, found "${one}" and "${other}"`)
  }
  for (const name of names) {
    if (!settings.hasGroup(groupOf(name)))
      problem(`names "${name}", but there is no group [sp_${name}]`)
  }
  return names
}

/**
 * Read the group of each cloud.
 *
 * @param authUrl the `auth_url` of `[auth]`, which is also that of the identity provider
 */
export function readClouds(
  settings: Settings,
  names: readonly SpName[],
  authUrl: string,
  cwd: string,
): readonly CloudConfig[] {
  const clouds = names
    .filter(name => settings.hasGroup(groupOf(name)))
    .map(name => readCloud(settings, name, authUrl, cwd))
  rejectSharedQueues(settings, clouds)
  return clouds
}

function readCloud(settings: Settings, name: SpName, idpAuthUrl: string, cwd: string): CloudConfig {
  const group = groupOf(name)
  const isIdentityProvider = name === IDENTITY_PROVIDER
  const named = settings.read(group, sp.enabledServices)
  const enabledServices = named.filter(service => service !== 'network')
  for (const service of isIdentityProvider ? enabledServices : []) {
    if (settings.isSet(group, endpointOptions[service])) continue
    const message = `expected the URL of the service itself, because the catalog of this cloud names Mixmatch; found nothing`
    settings.problem(group, endpointOptions[service], message)
  }
  if (!isIdentityProvider && !settings.isSet(group, sp.authUrl)) {
    const keystoneName = settings.read(group, sp.spName) ?? name
    const message = `expected the Keystone of that cloud, found nothing; "openstack service provider show ${keystoneName}" prints it`
    settings.problem(group, sp.authUrl, message)
  }
  const messagebuses = settings.read(group, sp.messagebuses) ?? []
  if (messagebuses.length === 0 && !settings.isSet(group, sp.messagebuses)) {
    settings.warning(
      group,
      sp.messagebuses,
      'is not set: notifications of this cloud are not recorded',
    )
  }
  const authUrl = settings.read(group, sp.authUrl) ?? idpAuthUrl
  const allowedHosts = settings.read(group, sp.allowedHosts)
  const queueName = settings.read(group, sp.queueName)
  return {
    name,
    spName: settings.read(group, sp.spName) ?? name,
    messagebuses,
    authUrl,
    endpoints: {
      image: settings.read(group, sp.imageEndpoint),
      volume: settings.read(group, sp.volumeEndpoint),
    },
    region: settings.read(group, sp.regionName),
    enabledServices,
    extendsNetworks: named.includes('network'),
    networkEndpoint: settings.read(group, sp.networkEndpoint),
    queueName: queueName ?? `mixmatch.${name}.notifications`,
    fleetQueueName: queueName === null ? `mixmatch.${name}.fleet` : `${queueName}.fleet`,
    ...readTrust(settings, group, sp, cwd),
    allowedHosts: allowedHosts.length > 0 ? allowedHosts : [new URL(authUrl).hostname],
    credentials: readCredentials(settings, group, sp, cwd),
  }
}

/** Pairs of names that have the same group or the same environment variables. */
function findSimilarNames(names: readonly SpName[]): [SpName, SpName][] {
  const letters = (name: SpName) => name.toLowerCase().replace(/[.-]/g, '_')
  return names.flatMap((name, index) => {
    const other = names.slice(0, index).find(each => letters(each) === letters(name))
    return other === undefined ? [] : [[other, name]]
  })
}

/** Reject shared queues: two consumers would each get half of the notifications. A file named twice is a mistake too. */
function rejectSharedQueues(settings: Settings, clouds: readonly CloudConfig[]): void {
  const owners = new Map<string, SpName>()
  for (const { name, messagebuses, queueName } of clouds) {
    for (const url of messagebuses.map(parseTransportUrl)) {
      const queue = `${nameOfBus(url)} ${url.kind === 'file' ? name : queueName}`
      const owner = owners.get(queue)
      owners.set(queue, name)
      if (owner === name) {
        const message = `expected message buses that differ, found ${nameOfBus(url)} twice`
        settings.problem(groupOf(name), sp.messagebuses, message)
      } else if (owner !== undefined) {
        const message = `expected a queue of its own on that message bus, found that of "${owner}"`
        settings.problem(groupOf(name), sp.queueName, message)
      }
    }
  }
}
