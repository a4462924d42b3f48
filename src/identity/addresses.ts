import { isIPv6 } from 'node:net'

/**
 * Where a cloud's Keystone is. Its `auth_url` is written in many ways: with or without `/v3`, or
 * as the whole URL at which federated users log in,
 * `…/v3/OS-FEDERATION/identity_providers/<idp>/protocols/<protocol>/auth`.
 */
export interface Addresses {
  /** With `/v3`, without a slash after it. */
  readonly v3: string
  /** The whole URL, where `auth_url` was that. */
  readonly login: string | null
}

export function addressesOf(authUrl: string): Addresses {
  const whole = authUrl.includes('/OS-FEDERATION/')
  const root = authUrl.replace(/\/OS-FEDERATION\/.*$/, '').replace(/\/+$/, '')
  return { v3: root.endsWith('/v3') ? root : `${root}/v3`, login: whole ? authUrl : null }
}

/**
 * Which URLs belong to a cloud: those on its allowed hosts (`host`, or `host:port` for that port
 * alone), by default on the host of its `auth_url` at any port. A cloud that is reached by https
 * has no http URLs.
 */
export function createAllowed(
  authUrl: string,
  allowedHosts: readonly string[],
): (url: string) => boolean {
  const configured = new URL(authUrl)
  const hosts = new Set(allowedHosts.length > 0 ? allowedHosts.map(asInUrl) : [configured.hostname])
  const schemes = configured.protocol === 'https:' ? ['https:'] : ['http:', 'https:']
  return text => {
    if (!URL.canParse(text)) return false
    const { protocol, hostname, port, username, password } = new URL(text)
    if (username !== '' || password !== '' || !schemes.includes(protocol)) return false
    const effectivePort = port || (protocol === 'https:' ? '443' : '80')
    return hosts.has(hostname) || hosts.has(`${hostname}:${effectivePort}`)
  }
}

/** `::1` → `[::1]`, `SP.example` → `sp.example` */
function asInUrl(host: string): string {
  return isIPv6(host) ? `[${host}]` : host.toLowerCase()
}
