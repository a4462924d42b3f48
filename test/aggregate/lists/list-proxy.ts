import type { ExecutionContext } from 'ava'
import { createDispatch, type DispatchOptions } from '../../../src/http/dispatch.js'
import type { Identity } from '../../../src/identity/identity.js'
import { IDENTITY_PROVIDER, type ProjectId } from '../../../src/ids.js'
import { noEvidence } from '../../../src/projection/place.js'
import { createDestinations } from '../../../src/upstream/destination.js'
import { createPublicAddresses } from '../../../src/upstream/public-address.js'
import type { SendOptions } from '../../../src/upstream/send.js'
import {
  identity,
  KEYSTONE,
  project,
  type Proxy as Served,
  startProxy,
  waitsOf,
} from '../../http/federation.js'
import { openPools } from '../../upstream/wire.js'
import type { ListCloud } from './list-cloud.js'

export interface ListProxy extends Served {
  readonly listClouds: readonly ListCloud[]
  /** One response with its parsed body. */
  get(path: string, headers?: Record<string, string>): Promise<Answer>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: what a test reads of an answer, it asserts
  readonly json: any
}

export interface ListProxySetting extends Partial<DispatchOptions> {
  /** By the name of the cloud; all services if absent. */
  readonly enabledServices?: Readonly<Record<string, readonly string[]>>
  readonly identity?: Partial<Identity>
  readonly deadlineMs?: number
  readonly searchByBroadcast?: boolean
  readonly aggregation?: boolean
  /** The path of a service at each cloud; the root if absent. */
  readonly endpointPath?: (service: string) => string
}

/** The whole proxy with aggregation, in front of these clouds. */
export async function startListProxy(
  t: ExecutionContext,
  listClouds: readonly ListCloud[],
  setting: ListProxySetting = {},
): Promise<ListProxy> {
  const clouds = listClouds.map(({ cloud }) => cloud)
  const who = identity(setting.identity)
  const timeouts = {
    connectTimeoutMs: 10_000,
    headersTimeoutMs: 20_000,
    idleTimeoutMs: 20_000,
  }
  const options: SendOptions = {
    destinations: createDestinations({
      endpoint(name, service) {
        const cloud = clouds.find(cloud => cloud.name === name)
        return cloud ? `${cloud.url}${setting.endpointPath?.(service) ?? ''}` : null
      },
      identity: who,
      serviceToken: async () => null,
    }),
    pools: openPools(t),
    waits: waitsOf(setting.deadlineMs ?? 20_000),
    forget: who.forget,
    observe: async () => true,
    timeouts,
    proxyName: 'home',
    authenticateUri: KEYSTONE,
  }
  const dispatch = createDispatch(options, {
    errors: setting.errors ?? 'partial',
    secrets: setting.secrets ?? ['one secret'],
    now: setting.now ?? (() => performance.now()),
    versionWaitMs: setting.versionWaitMs ?? 20_000,
  })
  const proxy = await startProxy(t, {
    clouds,
    app: {
      send: dispatch,
      publicAddressOf: createPublicAddresses({
        publicEndpoint: 'https://cloud.example/resource',
        isTrusted: () => false,
      }),
      federation: {
        clouds: clouds.map(({ name }) => ({
          name,
          spName: name === IDENTITY_PROVIDER ? 'home' : name,
          enabledServices: setting.enabledServices?.[name] ?? ['image', 'volume'],
        })),
        locate: () => [],
        evidence: () => noEvidence,
        searchByBroadcast: setting.searchByBroadcast ?? false,
        aggregation: setting.aggregation ?? true,
      },
    },
  })
  return {
    ...proxy,
    listClouds,
    async get(path, headers = { 'X-Auth-Token': 'good' }) {
      const response = await fetch(`${proxy.url}${path}`, { headers })
      const text = await response.text()
      const isJson = response.headers.get('Content-Type')?.startsWith('application/json')
      return {
        status: response.status,
        headers: response.headers,
        json: isJson ? JSON.parse(text) : text,
      }
    },
  }
}

/** An identity whose user has these projects at every service provider. */
export function withProjects(...ids: readonly ProjectId[]): Partial<Identity> {
  return { projects: async () => ids.map((id, index) => project(id, index === 0 ? 'demo' : id)) }
}
