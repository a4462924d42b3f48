import { isIPv6 } from 'node:net'

/**
 * The URLs of a cloud's Keystone. Operators write an `auth_url` in several ways: with or without `/v3`,
 * or as the whole URL at which federated users log in,
 * `…/v3/OS-FEDERATION/identity_providers/<idp>/protocols/<protocol>/auth`.
 */
interface KeystoneUrls {
  /** With `/v3`, without a slash at the end. */
  readonly v3: string
  /** The URL of a federated login, if `auth_url` is one. */
  readonly login: string | null
}

export function parseAuthUrl(authUrl: string): KeystoneUrls {
  const isLogin = authUrl.includes('/OS-FEDERATION/')
  const root = authUrl.replace(/\/OS-FEDERATION\/.*$/, '').replace(/\/+$/, '')
  return { v3: root.endsWith('/v3') ? root : `${root}/v3`, login: isLogin ? authUrl : null }
}

/** Keystone's own limits for the URLs of service providers and endpoints are 256 characters. */
const MAX_URL = 2000

/**
 * Create a function that checks whether a URL belongs to a cloud: it must be on one of the allowed hosts
 * (`host`, or `host:port` for one port), by default on the host of the `auth_url` at any port. If the
 * `auth_url` is an https URL, http URLs do not belong to the cloud.
 */
export function createUrlCheck(
  authUrl: string,
  allowedHosts: readonly string[],
): (url: string) => boolean {
  const configured = new URL(authUrl)
  const hosts = new Set(
    allowedHosts.length > 0 ? allowedHosts.map(toUrlHost) : [configured.hostname],
  )
  const schemes = configured.protocol === 'https:' ? ['https:'] : ['http:', 'https:']
  return text => {
    if (text.length > MAX_URL || !URL.canParse(text)) return false
    const { protocol, hostname, port, username, password } = new URL(text)
    if (username !== '' || password !== '' || !schemes.includes(protocol)) return false
    const effectivePort = port || (protocol === 'https:' ? '443' : '80')
    return hosts.has(hostname) || hosts.has(`${hostname}:${effectivePort}`)
  }
}

/** `::1` → `[::1]`, `SP.example` → `sp.example` */
function toUrlHost(host: string): string {
  return isIPv6(host) ? `[${host}]` : host.toLowerCase()
}
