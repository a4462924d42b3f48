import { MixmatchError } from '../errors.js'
import { IDENTITY_PROVIDER, type ProjectId, type SpName, spName } from '../ids.js'
import { isJsonObject, type JsonObject, type JsonValue } from '../json.js'

/** A request to extend a network of a service provider to the identity provider. */
export interface ExtensionRequest {
  /** The service provider that has the network. */
  readonly origin: SpName
  readonly networkId: string
  /** What the user sets of the new network: `{"name": "…"}`. */
  readonly members: JsonObject
}

/**
 * The members that users may set of their networks, by Neutron's default policies. The others are
 * rejected: Mixmatch creates the network as an administrator, so Neutron would allow them.
 */
const MEMBERS_OF_USERS: readonly string[] = [
  'admin_state_up',
  'availability_zone_hints',
  'description',
  'dns_domain',
  'mtu',
  'name',
  'port_security_enabled',
  'qos_policy_id',
]
/** The members that Mixmatch sets itself. Those in the request are ignored. */
const MEMBERS_OF_MIXMATCH: readonly string[] = [
  'existing_net_id',
  'existing_net_sp',
  'project_id',
  'tenant_id',
  'provider:network_type',
  'provider:segmentation_id',
]

/**
 * Read `{"network": {"existing_net_id": "…", "existing_net_sp": "sp1", "name": "…"}}`.
 *
 * @param origins the service providers whose networks can be extended
 * @throws BAD_REQUEST if it names no network or no cloud, FORBIDDEN if it sets a member that users may
 * not set, NETWORK_NOT_EXTENDABLE if its cloud is not in `origins`
 */
export function parseExtensionRequest(
  body: JsonValue | undefined,
  origins: readonly SpName[],
): ExtensionRequest {
  const network = isJsonObject(body) ? body['network'] : undefined
  if (!isJsonObject(network)) throw badRequest('a JSON object with a member "network"')
  const networkId = requireText(network, 'existing_net_id')
  const origin = spName(requireText(network, 'existing_net_sp'))
  if (!origins.includes(origin)) throw unknownOrigin(origin, origins)
  return { origin, networkId, members: membersOfUser(network) }
}

/** The request body that creates the new network: for a user, in its project, with the given VNI. */
export function networkToCreate(
  { members }: ExtensionRequest,
  project: ProjectId,
  segmentationId: number,
): JsonObject {
  return {
    network: {
      ...members,
      'provider:network_type': 'vxlan',
      'provider:segmentation_id': segmentationId,
      project_id: project,
    },
  }
}

function requireText(network: JsonObject, member: string): string {
  const text = network[member]
  if (typeof text === 'string' && text !== '') return text
  throw badRequest(`"${member}" in "network"`)
}

/** @throws FORBIDDEN */
function membersOfUser(network: JsonObject): JsonObject {
  const members = Object.entries(network).filter(([name]) => !MEMBERS_OF_MIXMATCH.includes(name))
  const refused = members.find(([name, value]) => !MEMBERS_OF_USERS.includes(name) && isSet(value))
  if (refused) {
    throw new MixmatchError(
      'FORBIDDEN',
      `An extended network cannot be created with "${refused[0]}": expected only ` +
        `${MEMBERS_OF_USERS.join(', ')}.`,
    )
  }
  return Object.fromEntries(members.filter(([name]) => MEMBERS_OF_USERS.includes(name)))
}

/** Whether a member is really set. Clients also send members that they do not set: `"shared": false`. */
function isSet(value: JsonValue): boolean {
  return value !== false && value !== null
}

function badRequest(expected: string): MixmatchError {
  return new MixmatchError('BAD_REQUEST', `The request body: expected ${expected}, found none.`)
}

function unknownOrigin(origin: SpName, origins: readonly SpName[]): MixmatchError {
  const known = origins.length === 0 ? 'none' : origins.join(', ')
  const why =
    origin === IDENTITY_PROVIDER
      ? 'networks are extended to this cloud, not from it'
      : 'no service provider of that name has network among its enabled_services'
  return new MixmatchError(
    'NETWORK_NOT_EXTENDABLE',
    `existing_net_sp "${origin}": ${why}; expected one of: ${known}.`,
  )
}
