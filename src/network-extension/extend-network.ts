import { MixmatchError } from '../errors.js'
import type { Event } from '../event/event.js'
import type { Access, Caller, Identity, Project } from '../identity/identity.js'
import type { ServiceIdentity } from '../identity/service-identity.js'
import type { Token } from '../identity/token.js'
import { IDENTITY_PROVIDER, type SpName } from '../ids.js'
import { type JsonValue, parseJson, textAt, valueAt } from '../json.js'
import type { TextResponse } from '../upstream/text-response.js'
import { retryUnauthorized } from '../upstream/token-retry.js'
import { extensionEvent } from './extension-event.js'
import {
  type ExtensionRequest,
  networkToCreate,
  parseExtensionRequest,
} from './extension-request.js'
import {
  createNetwork,
  type NeutronAccess,
  type NeutronParts,
  reasonIn,
  showNetwork,
} from './neutron.js'

/** A user's request to extend a network. */
interface ExtensionCall {
  readonly token: Token
  readonly caller: Caller
  /** The request body; undefined if it is not JSON. */
  readonly body: JsonValue | undefined
  readonly requestId: string
  /** Whether the client has closed its connection. */
  readonly isClientGone: () => boolean
}

/**
 * Extend a network of a service provider to the identity provider: create a network with the same VXLAN
 * segment at the identity provider, in the user's project. The user must be able to see the network at
 * the service provider. Users create the subnets themselves.
 *
 * @returns the response body of Neutron: JSON text with the new network
 * @throws BAD_REQUEST, FORBIDDEN, NETWORK_NOT_EXTENDABLE (unknown or not visible to the user, or not a
 * VXLAN network), NETWORK_CONFLICT, NEUTRON_UNAVAILABLE, and what `Identity` throws
 */
export type ExtendNetwork = (call: ExtensionCall) => Promise<string>

interface NetworkExtensionParts extends NeutronParts {
  /** The clouds with `network` in their `enabled_services`. */
  readonly clouds: readonly {
    readonly name: SpName
    /** The URL of its Neutron; null for the endpoint in its catalog. */
    readonly networkEndpoint: string | null
  }[]
  readonly identity: Pick<Identity, 'projects' | 'access' | 'forget'>
  /** Mixmatch's own user: an administrator at the identity provider, and able to see VXLAN segments at the others. */
  readonly serviceIdentity: Pick<ServiceIdentity, 'access' | 'forget'>
  /** Records the event of every network that was extended. */
  readonly record: (event: Event) => void
}

export function createNetworkExtension(parts: NetworkExtensionParts): ExtendNetwork {
  const { clouds, record } = parts
  const origins = clouds.map(({ name }) => name).filter(name => name !== IDENTITY_PROVIDER)
  return async call => {
    const request = parseExtensionRequest(call.body, origins)
    const { project } = call.caller
    if (project === null) throw unscoped()
    await requireVisible(request, call, parts)
    const segmentationId = await readSegment(request, call, parts)
    if (call.isClientGone()) throw clientGone()
    const network = networkToCreate(request, project.id, segmentationId)
    const created = await createAtHome(network, call, parts)
    const networkId = textAt(parseJson(created.text), '/network/id')
    const { caller, requestId } = call
    record(
      extensionEvent({
        request,
        networkId,
        segmentationId,
        caller,
        project: project.id,
        requestId,
      }),
    )
    return created.text
  }
}

/** A user may extend a network that is visible in one of the user's projects at its cloud. */
async function requireVisible(
  request: ExtensionRequest,
  call: ExtensionCall,
  parts: NetworkExtensionParts,
): Promise<void> {
  const { origin } = request
  const projects = await parts.identity.projects(call.token, call.caller, origin)
  for (const project of projects) {
    const response = await showAsUser(project, request, call, parts)
    if (response.status === 200) return
    if (response.status >= 500) throw failed(`Neutron of "${origin}"`, 'show a network', response)
  }
  throw notVisible(request)
}

function showAsUser(
  project: Project,
  { origin, networkId }: ExtensionRequest,
  { token, caller, requestId }: ExtensionCall,
  parts: NetworkExtensionParts,
): Promise<TextResponse> {
  const { identity } = parts
  return retryUnauthorized({
    access: async () =>
      neutronOf(origin, await identity.access(token, caller, origin, project.id), parts),
    send: access => showNetwork(access, networkId, requestId, parts),
    forget: () => () => identity.forget(token, origin),
  })
}

/** The VXLAN network identifier of the network, which only privileged users see. */
async function readSegment(
  request: ExtensionRequest,
  { requestId }: ExtensionCall,
  parts: NetworkExtensionParts,
): Promise<number> {
  const { origin, networkId } = request
  const response = await withOwnToken(origin, parts, access =>
    showNetwork(access, networkId, requestId, parts),
  )
  if (response.status === 401 || response.status >= 500) {
    throw failed(`Neutron of "${origin}"`, 'show a network', response)
  }
  if (response.status !== 200) throw notVisible(request)
  return segmentIn(response, request)
}

/** @throws NETWORK_NOT_EXTENDABLE, NEUTRON_UNAVAILABLE */
function segmentIn({ text }: TextResponse, { origin, networkId }: ExtensionRequest): number {
  const body = parseJson(text)
  const type = valueAt(body, '/network/provider:network_type')
  const segment = valueAt(body, '/network/provider:segmentation_id')
  if ((type ?? 'vxlan') === 'vxlan' && typeof segment === 'number') return segment
  if (type === undefined && segment === undefined) {
    throw new MixmatchError(
      'NEUTRON_UNAVAILABLE',
      `Neutron of "${origin}" does not show Mixmatch's user the segment of a network. Give that ` +
        'user a role that its policy get_network:provider:segmentation_id allows.',
    )
  }
  throw new MixmatchError(
    'NETWORK_NOT_EXTENDABLE',
    `Network ${networkId} of "${origin}" is no VXLAN network: expected provider:network_type ` +
      `vxlan with a segment, found ${type ?? 'none'}.`,
  )
}

async function createAtHome(
  network: ReturnType<typeof networkToCreate>,
  { requestId }: ExtensionCall,
  parts: NetworkExtensionParts,
): Promise<TextResponse> {
  const response = await withOwnToken(IDENTITY_PROVIDER, parts, access =>
    createNetwork(access, network, requestId, parts),
  )
  if (response.status === 201) return response
  if (response.status === 409) {
    const message = `Neutron of "${IDENTITY_PROVIDER}" answered 409 to the new network${reasonIn(response)}.`
    throw new MixmatchError('NETWORK_CONFLICT', message)
  }
  throw failed(`Neutron of "${IDENTITY_PROVIDER}"`, 'create a network', response)
}

/** Send a request with Mixmatch's own token. A 401 had no effect, so it is retried with a new token. */
function withOwnToken(
  at: SpName,
  parts: NetworkExtensionParts,
  send: (access: NeutronAccess) => Promise<TextResponse>,
): Promise<TextResponse> {
  const { serviceIdentity } = parts
  return retryUnauthorized({
    access: async () =>
      neutronOf(at, await serviceIdentity.access(at).catch(cause => loginFailed(at, cause)), parts),
    send,
    forget:
      ({ token }) =>
      () =>
        serviceIdentity.forget(at, token),
  })
}

function neutronOf(
  cloud: SpName,
  { token, endpoints }: Pick<Access, 'token' | 'endpoints'>,
  { clouds }: NetworkExtensionParts,
): NeutronAccess {
  const configured = clouds.find(({ name }) => name === cloud)?.networkEndpoint
  const url = configured ?? endpoints.get('network')
  if (url !== undefined) return { cloud, url, token }
  throw new MixmatchError(
    'NEUTRON_UNAVAILABLE',
    `Nothing tells where Neutron of "${cloud}" is: set network_endpoint in [sp_${cloud}], or give ` +
      'its catalog a public endpoint of network on one of the allowed_hosts.',
  )
}

/** If the login of Mixmatch's own user fails, the client must not get a 401: its own token is valid. */
function loginFailed(at: SpName, cause: unknown): never {
  if (!(cause instanceof MixmatchError)) throw cause
  const message = `Mixmatch's own user cannot log in at "${at}": ${cause.message}`
  throw new MixmatchError('NEUTRON_UNAVAILABLE', message, { cause })
}

function failed(who: string, task: string, response: TextResponse): MixmatchError {
  const message = `${who} was to ${task}, and answered ${response.status}${reasonIn(response)}.`
  return new MixmatchError('NEUTRON_UNAVAILABLE', message)
}

function notVisible({ origin, networkId }: ExtensionRequest): MixmatchError {
  return new MixmatchError(
    'NETWORK_NOT_EXTENDABLE',
    `Network ${networkId} of "${origin}": not found in any project that you have there.`,
  )
}

/** The request is not continued: a client without the response would try again, and get a conflict. */
function clientGone(): MixmatchError {
  const message = 'The client closed the connection before the network was created.'
  return new MixmatchError('BAD_REQUEST', message)
}

function unscoped(): MixmatchError {
  const message =
    'Only a token that is scoped to a project can extend a network. Log in to a project.'
  return new MixmatchError('FORBIDDEN', message)
}
