import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { Writable } from 'node:stream'
import type { ExecutionContext } from 'ava'
import { pino } from 'pino'
import { MixmatchError } from '../../src/errors.js'
import { type AppOptions, createApp } from '../../src/http/app.js'
import { type HttpServer, listen } from '../../src/http/server.js'
import type { Caller, Identity, Project } from '../../src/identity/identity.js'
import { Token } from '../../src/identity/token.js'
import { IDENTITY_PROVIDER, type ProjectId, position, type SpName, spName } from '../../src/ids.js'
import type { Observation } from '../../src/observation/observation.js'
import { createOffload } from '../../src/offload/offload.js'
import {
  type FindEvidence,
  type Locate,
  noEvidence,
  type Place,
} from '../../src/projection/place.js'
import { createAskNearer } from '../../src/upstream/ask-nearer.js'
import { createBreaker } from '../../src/upstream/breaker.js'
import { createClientAddress } from '../../src/upstream/client-address.js'
import { type CloudWaits, createCloudWaits } from '../../src/upstream/cloud-wait.js'
import { createDestinations } from '../../src/upstream/destination.js'
import { createPublicAddresses } from '../../src/upstream/public-address.js'
import { createSend } from '../../src/upstream/send.js'
import { alice, bob, idp } from '../controls.js'
import { openPools, origin } from '../upstream/wire.js'

/** The real app in front of clouds that are real servers. Only the identity is a plain object. */

export const sp1 = spName('sp1')
export const sp2 = spName('sp2')
export const KEYSTONE = 'https://keystone.example:5000/v3'
export const project = (id: ProjectId, name: string): Project => ({
  id,
  name,
  domainId: 'default',
  domainName: 'Default',
})

export const caller: Caller = {
  userId: 'user-1',
  userName: 'alice',
  project: project(alice, 'demo'),
  roles: ['member'],
  expiresAtMs: 4_000_000_000_000,
  hasAccessRules: false,
}

/**
 * `good` is a token of the identity provider; at a service provider it becomes `good@sp1/<project>`.
 * `service` is the token of a service; at a service provider it becomes Mixmatch's own, `service@sp1`.
 */
export function identity(overrides: Partial<Identity> = {}): Identity {
  return {
    cachedCaller: () => undefined,
    async authenticate(token) {
      if (token.reveal() === 'good') return caller
      throw new MixmatchError('NOT_AUTHENTICATED', 'The token is not valid.')
    },
    async projects() {
      return [project(bob, 'demo')]
    },
    async access(token, _, at, id) {
      const there = new Token(`${token.reveal()}@${at}/${id}`)
      return { token: there, project: project(id, 'demo'), endpoints: new Map() }
    },
    cachedAccess: () => undefined,
    forget() {},
    ...overrides,
  }
}

export interface Cloud {
  readonly name: SpName
  readonly url: string
  /** `GET /v2/images`, in the order in which they came. */
  readonly seen: string[]
  readonly requests: IncomingMessage[]
}

export async function startCloud(
  t: ExecutionContext,
  name: SpName,
  listener: RequestListener,
): Promise<Cloud> {
  const seen: string[] = []
  const requests: IncomingMessage[] = []
  const url = await origin(
    t,
    createServer((req, res) => {
      seen.push(`${req.method} ${req.url}`)
      requests.push(req)
      listener(req, res)
    }),
  )
  return { name, url, seen, requests }
}

export interface Proxy {
  readonly url: string
  readonly server: HttpServer
  readonly observed: Observation[]
  /** What was logged, parsed. */
  readonly lines: Record<string, unknown>[]
  /** The access line of the n-th request, once it is there. */
  access(n?: number): Promise<Record<string, unknown>>
}

/** Cloud waits with a separate breaker. */
export function waitsOf(deadlineMs: number): CloudWaits {
  const now = () => performance.now()
  return createCloudWaits({ breaker: createBreaker(now), deadlineMs, now })
}

export interface ProxySetting {
  readonly clouds: readonly Cloud[]
  readonly places?: readonly (Place & { id: string })[]
  /** Called with each observation, which is in `observed`, too. */
  readonly onObserved?: (observation: Observation) => boolean | Promise<boolean> | undefined
  readonly locate?: Locate
  /** If absent, every cloud was reconciled. */
  readonly evidence?: FindEvidence
  readonly identity?: Partial<Identity>
  readonly searchByBroadcast?: boolean
  readonly publicEndpoint?: string | null
  readonly trusted?: boolean
  readonly aggregationTimeoutMs?: number
  readonly offloadSecret?: string
  readonly app?: Partial<AppOptions>
}

export function at(
  cloud: SpName,
  id: string,
  owner: ProjectId | null = bob,
): Place & { id: string } {
  return { id, serviceProvider: cloud, project: owner, position: position(7) }
}

export async function startProxy(t: ExecutionContext, setting: ProxySetting): Promise<Proxy> {
  const { clouds, places = [], searchByBroadcast = false, publicEndpoint = null } = setting
  const who = identity(setting.identity)
  const observed: Observation[] = []
  const lines: Record<string, unknown>[] = []
  const waiting: (() => void)[] = []
  const logger = pino(
    { level: 'info' },
    new Writable({
      write(line, _, done) {
        lines.push(JSON.parse(String(line)))
        for (const wake of waiting.splice(0)) wake()
        done()
      },
    }),
  )
  const timeouts = { connectTimeoutMs: 10_000, headersTimeoutMs: 20_000, idleTimeoutMs: 20_000 }
  const federation = {
    clouds: clouds.map(({ name }) => ({
      name,
      spName: name === IDENTITY_PROVIDER ? 'home' : name,
      enabledServices: ['image', 'volume'],
    })),
    locate: setting.locate ?? ((_: string, id: string) => places.filter(place => place.id === id)),
    evidence:
      setting.evidence ??
      (() => ({
        ...noEvidence,
        absent: clouds.map(({ name }) => ({ serviceProvider: name, project: null })),
      })),
    searchByBroadcast,
    aggregation: false,
  }
  const sending = {
    destinations: createDestinations({
      endpoint: (name: SpName) => clouds.find(cloud => cloud.name === name)?.url || null,
      identity: who,
      serviceToken: async (cloud: SpName) => new Token(`service@${cloud}`),
    }),
    pools: openPools(t, timeouts.connectTimeoutMs),
    waits: waitsOf(setting.aggregationTimeoutMs ?? 10_000),
    forget: who.forget,
    async observe(observation: Observation) {
      observed.push(observation)
      return (await setting.onObserved?.(observation)) ?? true
    },
    timeouts,
    proxyName: 'home',
    authenticateUri: KEYSTONE,
  }
  const isTrusted = () => setting.trusted ?? false
  const app = createApp({
    cachedCaller: who.cachedCaller,
    authenticate: who.authenticate,
    async isService(token) {
      if (token.reveal() === 'service') return true
      await who.authenticate(token)
      return false
    },
    federation,
    askNearer: createAskNearer(sending),
    send: createOffload({ ...sending, secret: setting.offloadSecret ?? null }, createSend(sending)),
    publicAddressOf: createPublicAddresses({ publicEndpoint, isTrusted }),
    clientAddress: createClientAddress(isTrusted),
    idleTimeoutMs: timeouts.idleTimeoutMs,
    health: () => ({ healthy: true, reasons: [] }),
    authenticateUri: KEYSTONE,
    maxRequests: null,
    logRequest: fields => logger.info({ access: true, ...fields }, 'request'),
    logger,
    ...setting.app,
  })
  const server = await listen(app, { host: '127.0.0.1', port: 0 })
  t.teardown(() => server.drain(0))
  return {
    url: `http://127.0.0.1:${server.address.port}`,
    server,
    observed,
    lines,
    async access(n = 0) {
      for (;;) {
        const line = lines.filter(({ msg }) => msg === 'request')[n]
        if (line) return line
        await new Promise<void>(resolve => waiting.push(resolve))
      }
    },
  }
}

/** Responds to every request with JSON. */
export function json(
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): RequestListener {
  return (req, res) => {
    req.resume()
    const bytes = Buffer.from(JSON.stringify(body))
    res.writeHead(status, {
      'Content-Type': 'application/json',
      'Content-Length': bytes.length,
      ...headers,
    })
    res.end(bytes)
  }
}

export { idp }
