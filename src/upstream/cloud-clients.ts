import type { Logger } from 'pino'
import type { Config } from '../config/config.js'
import type { Identity } from '../identity/identity.js'
import { createIdentity, type IdentityOptions } from '../identity/keystone-identity.js'
import { type Keystones, openKeystones } from '../identity/keystones.js'
import { createServiceIdentity, type ServiceIdentity } from '../identity/service-identity.js'
import {
  createServiceTokens,
  type ServiceTokens,
  type ServiceTokensOptions,
} from '../identity/service-tokens.js'
import type { Token } from '../identity/token.js'
import type { SpName } from '../ids.js'
import { createDestinations, type Destinations } from './destination.js'
import { createPools, type Pools } from './pools.js'

/** What one process needs to talk to the Keystones of all clouds. */
export interface CloudClients extends AsyncDisposable {
  readonly keystones: Keystones
  /** Connections to the services of the clouds. */
  readonly pools: Pools
  /** Mixmatch's own user. At service providers it uses a project in which it has one of these roles. */
  serviceIdentity(wantedRoles: readonly string[]): ServiceIdentity
}

/** What a process also needs to serve the users of the clouds. */
interface UserClients {
  readonly identity: Identity
  readonly serviceTokens: ServiceTokens
  readonly destinations: Destinations
  /** Drop the cached data of a user's token at a cloud, because it got 401 there. */
  forget(token: Token, at: SpName): void
}

interface UserClientsOptions
  extends Pick<IdentityOptions, 'onLookup' | 'onFederation'>,
    Pick<ServiceTokensOptions, 'onUse'> {
  readonly logger: Pick<Logger, 'debug' | 'warn'>
}

/** A healthy Keystone responds in milliseconds. A login at a service provider takes six responses. */
const KEYSTONE_TIMEOUT_MS = 15_000

/**
 * Open clients for the clouds of a configuration. They connect when they are first used.
 *
 * @throws CONFIG_INVALID if a `cafile` cannot be read
 */
export function openCloudClients({
  auth,
  clouds,
  upstream,
}: Pick<Config, 'auth' | 'clouds' | 'upstream'>): CloudClients {
  const { connectTimeoutMs, headersTimeoutMs } = upstream
  const cloudOf = (name: SpName) => clouds.find(cloud => cloud.name === name)
  const keystones = openKeystones({
    keystone: auth,
    clouds,
    timeouts: {
      connectTimeoutMs,
      responseTimeoutMs: Math.min(headersTimeoutMs, KEYSTONE_TIMEOUT_MS),
    },
  })
  const pools = createPools({
    connectTimeoutMs,
    connections: null,
    trust: name => cloudOf(name) ?? { cafile: null, insecure: false },
  })
  return {
    keystones,
    pools,
    serviceIdentity: wantedRoles =>
      createServiceIdentity({
        keystones,
        ownCredentials: auth.credentials,
        credentialsAt: name => cloudOf(name)?.credentials ?? null,
        wantedRoles,
        now: Date.now,
      }),
    async [Symbol.asyncDispose]() {
      await Promise.all([pools.destroy(), keystones.close()])
    },
  }
}

/** Create clients that act for users, with the users' tokens. They end with the given clients. */
export function createUserClients(
  { auth, clouds }: Pick<Config, 'auth' | 'clouds'>,
  { keystones, serviceIdentity }: CloudClients,
  { onLookup, onFederation, onUse, logger }: UserClientsOptions,
): UserClients {
  const { cacheSeconds, serviceTokenRoles: roles } = auth
  const cache = { cacheSeconds, now: Date.now, logger }
  const identity = createIdentity({
    keystones,
    ...cache,
    ...(onLookup && { onLookup }),
    ...(onFederation && { onFederation }),
  })
  const serviceTokens = createServiceTokens({
    authenticate: identity.authenticate,
    identity: serviceIdentity(roles),
    roles,
    ...cache,
    ...(onUse && { onUse }),
  })
  const destinations = createDestinations({
    endpoint: (name, service) =>
      clouds.find(cloud => cloud.name === name)?.endpoints[service] ?? null,
    identity,
    serviceToken: serviceTokens.own,
  })
  return {
    identity,
    serviceTokens,
    destinations,
    forget(token, at) {
      identity.forget(token, at)
      serviceTokens.forget(at)
    },
  }
}
