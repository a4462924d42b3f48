import { MixmatchError } from '../errors.js'
import type { Trust } from '../http-client/origin-pools.js'
import type { SpName } from '../ids.js'
import { createUrlCheck, parseAuthUrl } from './auth-url.js'
import type { Keystone } from './keystone.js'
import {
  type KeystoneConnectionOptions,
  type KeystoneTimeouts,
  openKeystoneConnection,
} from './keystone-connection.js'

/** The configuration of a cloud and its Keystone. */
export interface CloudOptions extends Trust {
  readonly name: SpName
  /** Its id in the identity provider's Keystone. */
  readonly spName: string
  /** With or without `/v3`, or the whole URL at which federated users log in. */
  readonly authUrl: string
  /** `host` or `host:port`, also for the endpoints in its catalog; empty for the host of `authUrl`. */
  readonly allowedHosts: readonly string[]
  /** The region whose endpoints are used; null for the first ones in its catalog. */
  readonly region: string | null
}

/** The Keystone of a service provider, with the settings for federation and for its catalog. */
export interface ServiceProvider extends Keystone {
  readonly name: SpName
  /** Its id in the identity provider's Keystone. */
  readonly spName: string
  /** The URL at which federated users log in; null if the identity provider's Keystone names it. */
  readonly login: string | null
  /** The region whose endpoints are used; null for the first ones in its catalog. */
  readonly region: string | null
  /** Whether a URL belongs to this cloud. Nothing is sent to other URLs. */
  readonly isAllowed: (url: string) => boolean
}

/** The Keystones of all clouds. All parts of a process share their connections. */
export interface Keystones {
  /** The Keystone of the identity provider, as `[auth]` configures it. */
  readonly home: Keystone
  /** The clouds that `at` knows. */
  readonly names: readonly SpName[]
  /**
   * The Keystone of a cloud, as `[sp_<name>]` configures it.
   *
   * @throws UNKNOWN_SERVICE_PROVIDER
   */
  at(cloud: SpName): ServiceProvider
  /** Aborts running requests. */
  close(): Promise<void>
}

interface KeystonesOptions {
  readonly keystone: Trust & {
    /** With or without `/v3`. */
    readonly authUrl: string
  }
  readonly clouds: readonly CloudOptions[]
  readonly timeouts: KeystoneTimeouts
}

/** @throws CONFIG_INVALID if a `cafile` cannot be read */
export function openKeystones({ keystone, clouds, timeouts }: KeystonesOptions): Keystones {
  const connections: { close(): Promise<void> }[] = []
  const connect = (peer: string, trust: Trust, faults: KeystoneConnectionOptions['faults']) => {
    const connection = openKeystoneConnection({ ...timeouts, ...trust, peer, faults })
    connections.push(connection)
    return connection.send
  }
  const peer = 'Identity provider'
  const home = {
    peer,
    v3: parseAuthUrl(keystone.authUrl).v3,
    send: connect(peer, keystone, faultsOfHome),
  }
  const serviceProviders = new Map(
    clouds.map(({ name, spName, authUrl, allowedHosts, region, ...trust }) => {
      const peer = `Service provider "${name}"`
      const serviceProvider = {
        ...parseAuthUrl(authUrl),
        ...{ name, peer, spName, region },
        isAllowed: createUrlCheck(authUrl, allowedHosts),
        send: connect(peer, trust, faultsOfClouds),
      }
      return [name, serviceProvider]
    }),
  )
  return {
    home,
    names: [...serviceProviders.keys()],
    at(cloud) {
      const found = serviceProviders.get(cloud)
      if (found) return found
      throw new MixmatchError('UNKNOWN_SERVICE_PROVIDER', `There is no cloud "${cloud}".`)
    },
    async close() {
      await Promise.all(connections.map(connection => connection.close()))
    },
  }
}

const faultsOfHome: KeystoneConnectionOptions['faults'] = {
  unreachable: 'IDENTITY_UNAVAILABLE',
  timeout: 'IDENTITY_UNAVAILABLE',
}
const faultsOfClouds: KeystoneConnectionOptions['faults'] = {
  unreachable: 'SERVICE_PROVIDER_UNREACHABLE',
  timeout: 'SERVICE_PROVIDER_TIMEOUT',
}
