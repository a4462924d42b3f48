import { MixmatchError } from '../errors.js'
import type { Trust } from '../http-client/origin-pools.js'
import type { SpName } from '../ids.js'
import { addressesOf, createAllowed } from './addresses.js'
import { type ConnectionOptions, openConnection, type Timeouts } from './connection.js'
import type { Keystone } from './keystone.js'

/** A cloud as the configuration describes its Keystone. */
export interface CloudOptions extends Trust {
  readonly name: SpName
  /** Its id in the identity provider's Keystone. */
  readonly spName: string
  /** With or without `/v3`, or the whole URL at which federated users log in. */
  readonly authUrl: string
  /** `host` or `host:port`, also of what its catalog names; none stands for the host of `authUrl`. */
  readonly allowedHosts: readonly string[]
  /** Whose endpoints are taken; null for those that its catalog names first. */
  readonly region: string | null
}

/** The Keystone of a service provider, and what federation to it and its catalog need. */
export interface ServiceProvider extends Keystone {
  readonly name: SpName
  /** Its id in the identity provider's Keystone. */
  readonly spName: string
  /** The URL at which federated users log in; null where the identity provider's word is taken. */
  readonly login: string | null
  /** Which of its regions is used; null takes the first in the catalog. */
  readonly region: string | null
  /** Whether a URL belongs to this cloud: nothing is sent to any other. */
  readonly isAllowed: (url: string) => boolean
}

/** The Keystones of all clouds. Everybody in the process who asks one shares its connections. */
export interface Keystones {
  /** That of the identity provider, as `[auth]` describes it. */
  readonly home: Keystone
  /** The clouds that `at` knows. */
  readonly names: readonly SpName[]
  /**
   * That of a cloud, as `[sp_<name>]` describes it.
   *
   * @throws UNKNOWN_SERVICE_PROVIDER
   */
  at(cloud: SpName): ServiceProvider
  /** Cuts off what is under way. */
  close(): Promise<void>
}

export interface KeystonesOptions {
  readonly keystone: Trust & {
    /** With or without `/v3`. */
    readonly authUrl: string
  }
  readonly clouds: readonly CloudOptions[]
  readonly timeouts: Timeouts
}

/** @throws CONFIG_INVALID where a `cafile` cannot be read */
export function openKeystones({ keystone, clouds, timeouts }: KeystonesOptions): Keystones {
  const connections: { close(): Promise<void> }[] = []
  const connect = (peer: string, trust: Trust, faults: ConnectionOptions['faults']) => {
    const connection = openConnection({ ...timeouts, ...trust, peer, faults })
    connections.push(connection)
    return connection.ask
  }
  const peer = 'Identity provider'
  const home = {
    peer,
    v3: addressesOf(keystone.authUrl).v3,
    ask: connect(peer, keystone, faultsOfHome),
  }
  const serviceProviders = new Map(
    clouds.map(({ name, spName, authUrl, allowedHosts, region, ...trust }) => {
      const peer = `Service provider "${name}"`
      const serviceProvider = {
        ...addressesOf(authUrl),
        ...{ name, peer, spName, region },
        isAllowed: createAllowed(authUrl, allowedHosts),
        ask: connect(peer, trust, faultsOfClouds),
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

const faultsOfHome: ConnectionOptions['faults'] = {
  unreachable: 'IDENTITY_UNAVAILABLE',
  timeout: 'IDENTITY_UNAVAILABLE',
}
const faultsOfClouds: ConnectionOptions['faults'] = {
  unreachable: 'SERVICE_PROVIDER_UNREACHABLE',
  timeout: 'SERVICE_PROVIDER_TIMEOUT',
}
