import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'
import type { Cloud } from '../../sandbox/cloud.js'

/** A network of this Neutron. */
export interface Network {
  readonly id: string
  readonly name: string
  readonly project_id: string
  readonly shared?: boolean
  readonly 'provider:network_type'?: string | null
  readonly 'provider:segmentation_id'?: number | null
}

/** An HTTP server that stands for the Neutron of a cloud. It validates tokens at the Keystone of the cloud. */
export interface NeutronServer {
  readonly url: string
  /** `GET /v2.0/networks/{id} as admin`, in order of arrival. */
  readonly requests: string[]
  readonly headers: IncomingMessage['headers'][]
  readonly networks: Network[]
  /** From now on send this response; null for normal responses. */
  respond(instead: ((request: IncomingMessage, response: ServerResponse) => boolean) | null): void
}

const PRIVILEGED = ['provider:network_type', 'provider:segmentation_id']

export async function startNeutron(t: ExecutionContext, cloud: Cloud): Promise<NeutronServer> {
  const requests: string[] = []
  const headers: IncomingMessage['headers'][] = []
  const networks: Network[] = []
  let instead: ((request: IncomingMessage, response: ServerResponse) => boolean) | null = null
  const server = createServer(async (request, response) => {
    const user = await whoIs(cloud, request)
    headers.push(request.headers)
    requests.push(`${request.method} ${request.url} as ${user?.name ?? 'nobody'}`)
    const text = await bodyOf(request)
    if (instead?.(request, response)) return
    if (!user) respond(response, 401, { error: { code: 401, message: 'Unauthorized' } })
    else if (request.method === 'POST') create(JSON.parse(text).network, user, response)
    else show(request.url?.split('/').at(-1) ?? '', user, response)
  })

  function show(id: string, user: User, response: ServerResponse): void {
    const network = networks.find(each => each.id === id)
    const isVisible = user.isAdmin || network?.shared || network?.project_id === user.project
    if (!network || !isVisible) {
      fault(response, 404, 'NetworkNotFound', `Network ${id} not found.`)
      return
    }
    const shown = Object.entries(network).filter(
      ([name]) => user.isAdmin || !PRIVILEGED.includes(name),
    )
    respond(response, 200, { network: Object.fromEntries(shown) })
  }

  function create(wanted: Omit<Network, 'id'>, user: User, response: ServerResponse): void {
    const segment = wanted['provider:segmentation_id']
    if (!user.isAdmin) {
      fault(response, 403, 'PolicyNotAuthorized', 'rule:create_network')
    } else if (networks.some(each => each['provider:segmentation_id'] === segment)) {
      fault(response, 409, 'TunnelIdInUse', `The tunnel ID ${segment} is in use.`)
    } else {
      const network = { id: randomUUID(), ...wanted }
      networks.push(network)
      respond(response, 201, { network: { ...network, status: 'ACTIVE', subnets: [] } })
    }
  }

  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    headers,
    networks,
    respond(other) {
      instead = other
    },
  }
}

interface User {
  readonly name: string
  readonly project: string
  readonly isAdmin: boolean
}

async function whoIs(cloud: Cloud, request: IncomingMessage): Promise<User | null> {
  const token = String(request.headers['x-auth-token'])
  const response = await fetch(`${cloud.keystoneUrl}/auth/tokens?nocatalog`, {
    headers: { 'X-Auth-Token': token, 'X-Subject-Token': token },
  })
  if (response.status !== 200) return null
  const { user, project, roles } = JSON.parse(await response.text()).token
  const isAdmin = roles.some(({ name }: { name: string }) => name === 'admin')
  return { name: user.name, project: project.id, isAdmin }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}

function fault(response: ServerResponse, status: number, type: string, message: string): void {
  respond(response, status, { NeutronError: { type, message, detail: '' } })
}

export function respond(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}
