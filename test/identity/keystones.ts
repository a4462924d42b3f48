import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'
import { createKeystone, type Keystone } from '../../sandbox/keystone/keystone.js'
import type { ServiceProviderEntry } from '../../sandbox/keystone/keystone-bodies.js'
import type { Directory } from '../../sandbox/keystone/keystone-directory.js'
import { federationUrls } from '../../sandbox/keystone/keystone-federation.js'
import type { KeystoneRequest, Reply } from '../../sandbox/keystone/keystone-http.js'

/** Two federated Keystones, and the requests that they received. */
export interface Keystones {
  readonly idp: Cloud
  readonly sp: Cloud
  /** A token of a user of the identity provider, by default scoped to the project `demo`. */
  login(user?: string, scope?: object): Promise<string>
  /** Milliseconds since 1970, by the clock of both clouds. */
  now(): number
  passMs(ms: number): void
}

export interface Cloud {
  /** Without `/v3`. */
  readonly url: string
  readonly keystone: Keystone
  readonly server: Server
  readonly received: KeystoneRequest[]
  /** `GET /identity/v3/auth/projects`, in order of arrival. */
  asked(): string[]
  /** Add a rule that may respond instead; the first rule that responds wins. */
  answer(rule: (received: KeystoneRequest) => Reply | undefined | Promise<Reply | undefined>): void
}

const START_MS = Date.UTC(2026, 10, 23, 12)

export const ids = {
  demo: '11111111111111111111111111111111',
  spDemo: '21111111111111111111111111111111',
  spDemo2: '22222222222222222222222222222222',
  spClosed: '23333333333333333333333333333333',
  spService: '24444444444444444444444444444444',
}

const local: Directory = {
  projects: [
    { id: ids.demo, name: 'demo' },
    { id: '12222222222222222222222222222222', name: 'lonely' },
    { id: '13333333333333333333333333333333', name: 'service' },
  ],
  users: [
    {
      id: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1',
      name: 'demo',
      password: 'demo-password',
      grants: { demo: ['reader', 'member'], lonely: ['member'] },
      applicationCredentials: [
        { id: 'free', secret: 'free-secret', project: 'demo' },
        {
          id: 'bound',
          secret: 'bound-secret',
          project: 'demo',
          accessRules: [{ service: 'image', method: 'GET', path: '/v2/images' }],
        },
      ],
    },
    {
      id: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2',
      name: 'glance',
      password: 'glance-password',
      grants: { service: ['service'], demo: ['service'] },
    },
    {
      id: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa3',
      name: 'mixmatch',
      password: 'mixmatch-password',
      grants: { service: ['service'] },
    },
  ],
}

const remote: Directory = {
  projects: [
    { id: ids.spDemo, name: 'demo' },
    { id: ids.spDemo2, name: 'demo2' },
    { id: ids.spClosed, name: 'closed', enabled: false },
    { id: ids.spService, name: 'service' },
  ],
  users: [
    {
      id: 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb3',
      name: 'mixmatch',
      password: 'mixmatch-password',
      grants: { service: ['service'], demo: ['reader'] },
    },
  ],
  groups: [
    {
      id: 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb1',
      name: 'demo',
      grants: { demo: ['member'], demo2: ['reader'], closed: ['member'] },
    },
    {
      id: 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb2',
      name: 'service',
      grants: { demo: ['reader'], service: ['service'] },
    },
  ],
}

/**
 * Start an identity provider and a service provider `sp1`. They stop at the end of the test.
 *
 * @param told wrong URLs of `sp1` in the identity provider
 */
export async function startKeystones(
  t: ExecutionContext,
  told: Partial<ServiceProviderEntry> = {},
): Promise<Keystones> {
  let nowMs = START_MS
  const now = () => nowMs
  const [idpServer, spServer] = await Promise.all([listen(t), listen(t)])
  const idpUrl = `${originOf(idpServer)}/identity`
  const spUrl = `${originOf(spServer)}/identity`
  const secret = 'shared by the sandbox'

  const idp = serve(idpServer, idpUrl, before =>
    createKeystone({
      url: idpUrl,
      directory: local,
      catalog: () => [{ type: 'image', name: 'glance', url: `${originOf(idpServer)}/image` }],
      serviceProviders: [{ id: 'sp1', ...federationUrls(spUrl, 'default'), ...told }],
      secret,
      now,
      before,
    }),
  )
  const sp = serve(spServer, spUrl, before =>
    createKeystone({
      url: spUrl,
      directory: remote,
      catalog: () => [
        { type: 'image', name: 'glance', url: `${originOf(spServer)}/image` },
        {
          type: 'block-storage',
          name: 'cinder',
          url: `${originOf(spServer)}/volume/v3/$(project_id)s`,
        },
        { type: 'network', name: 'neutron', url: 'http://elsewhere.example:9696' },
      ],
      identityProviders: [{ id: 'default', url: idpUrl, secret, refusedUsers: ['glance'] }],
      now,
      before,
    }),
  )

  return {
    idp,
    sp,
    now,
    passMs(ms) {
      nowMs += ms
    },
    async login(user = 'demo', scope = { project: { id: ids.demo } }) {
      const password = {
        user: { name: user, domain: { id: 'default' }, password: `${user}-password` },
      }
      return loginWith(idpUrl, { identity: { methods: ['password'], password }, scope })
    },
  }
}

/** Send `POST /v3/auth/tokens` with this `auth` and return the token. */
export async function loginWith(url: string, auth: object): Promise<string> {
  const response = await fetch(`${url}/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ auth }),
  })
  const token = response.headers.get('X-Subject-Token')
  if (!token) throw new Error(`no token, but ${response.status}: ${await response.text()}`)
  return token
}

function serve(
  server: Server,
  url: string,
  create: (before: (received: KeystoneRequest) => Promise<Reply | undefined>) => Keystone,
): Cloud {
  const received: KeystoneRequest[] = []
  const rules: ((received: KeystoneRequest) => Reply | undefined | Promise<Reply | undefined>)[] =
    []
  const keystone = create(async request => {
    received.push(request)
    for (const rule of rules) {
      const reply = await rule(request)
      if (reply) return reply
    }
    return undefined
  })
  server.on('request', (request, response) => {
    if (!keystone.handle(request, response)) response.writeHead(404).end()
  })
  return {
    url,
    keystone,
    server,
    received,
    asked: () => received.map(({ method, path }) => `${method} ${path}`),
    answer: rule => rules.push(rule),
  }
}

async function listen(t: ExecutionContext): Promise<Server> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return server
}

function originOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
