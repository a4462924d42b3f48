import { fileURLToPath } from 'node:url'
import { MixmatchError } from '../errors.js'

/** A parsed transport URL of oslo.messaging, or a `file:` URL. */
export type TransportUrl = RabbitUrl | FileUrl

export interface RabbitUrl {
  readonly kind: 'rabbit'
  /** The hosts of one cluster, at least one, in the order in which they are tried. */
  readonly hosts: readonly BrokerHost[]
  readonly virtualHost: string
  readonly tls: boolean
  readonly caFile: string | null
  readonly certFile: string | null
  readonly keyFile: string | null
  /** `heartbeat_timeout_threshold` of the URL. */
  readonly heartbeatSeconds: number | null
}

export interface BrokerHost {
  /** Without the brackets of an IPv6 address. */
  readonly hostname: string
  readonly port: number
  readonly username: string
  readonly password: string
}

interface FileUrl {
  readonly kind: 'file'
  readonly path: string
}

/**
 * Read `rabbit://user:password@host:5672,user2:password2@host2:5672/vhost?ssl=1` as oslo.messaging
 * and kombu do: hosts are split at commas, the user ends at the first `:`, and everything is
 * percent-decoded after that. Credentials apply only to their own host. A host without credentials has
 * kombu's guest/guest. The path `/` and no path both mean the virtual host `/`. The port is 5672, with and
 * without TLS, unless the scheme is `amqps`.
 *
 * One rule is stricter: a password with `/`, `#`, `?`, `@` or a comma that is not percent-encoded is
 * rejected, because it would be read as another part of the URL.
 *
 * @throws CONFIG_INVALID with what was expected, and no text that may belong to a password
 */
export function parseTransportUrl(text: string): TransportUrl {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?(?:#(.*))?$/is.exec(
    text,
  )
  if (!match) {
    throw invalid(text, 'expected driver://user:password@host:port/virtual-host')
  }
  const [, scheme = '', authority = '', path = '', query = '', fragment] = match
  const driver = scheme.toLowerCase()
  if (driver === 'file') return { kind: 'file', path: readPath(text) }
  if (!/^(rabbit|kombu)(\+[a-z0-9+.-]+)?$|^amqps?$/.test(driver)) {
    throw invalid(text, `expected the driver rabbit (or amqps, or file), found ${driver}`)
  }
  // checked first, so that no message shows a part of a password as another part of the URL
  if (fragment !== undefined || /[@\s]|:\/\//.test(`${path}?${query}`) || /\s/.test(authority)) {
    throw invalid(text, `found an @, #, :// or blank where none can be: ${PERCENT_ENCODE}`)
  }
  const hosts = readHosts(text, authority, driver === 'amqps' ? 5671 : 5672)

  const options = new URLSearchParams(query)
  return {
    kind: 'rabbit',
    hosts,
    virtualHost: decode(text, path.slice(1)) || '/',
    tls: driver === 'amqps' || isTrue(options.get('ssl')),
    caFile: options.get('ssl_ca_file'),
    certFile: options.get('ssl_cert_file'),
    keyFile: options.get('ssl_key_file'),
    heartbeatSeconds: readSeconds(text, options.get('heartbeat_timeout_threshold')),
  }
}

const PERCENT_ENCODE =
  'percent-encode / as %2F, # as %23, ? as %3F, @ as %40 and a comma as %2C in a password'

/**
 * The name of a bus, without credentials: `host:5672,host2:5672/vhost` (it ends with one slash for the
 * virtual host `/`), or the path of a file.
 */
export function nameOfBus(url: TransportUrl): string {
  if (url.kind === 'file') return url.path
  const hosts = url.hosts.map(({ hostname, port }) => `${printHost(hostname)}:${port}`)
  const path = url.virtualHost === '/' ? '' : encodeURIComponent(url.virtualHost)
  return `${hosts.join(',')}/${path}`
}

/**
 * The URL without passwords: `rabbit://user:***@host:5672/vhost`. If the URL cannot be read, only its
 * driver is returned, because any other part may belong to a password.
 */
export function maskTransportUrl(text: string): string {
  const url = tryParse(text)
  if (url?.kind === 'file') return text
  if (!url) return `${schemeOf(text) ?? ''}***`
  const hosts = url.hosts.map(
    ({ username, hostname, port }) =>
      `${encodeURIComponent(username)}:***@${printHost(hostname)}:${port}`,
  )
  return `${url.tls ? 'amqps' : 'rabbit'}://${hosts.join(',')}/${encodeURIComponent(url.virtualHost)}`
}

function tryParse(text: string): TransportUrl | null {
  try {
    return parseTransportUrl(text)
  } catch {
    return null
  }
}

function readHosts(url: string, authority: string, defaultPort: number): readonly BrokerHost[] {
  const hosts = authority.split(',').filter(host => host !== '')
  if (hosts.length === 0) throw invalid(url, 'expected at least one host, found none')
  const [first = ''] = hosts
  if (!first.includes('@') && hosts.some(host => host.includes('@'))) {
    throw invalid(url, `expected credentials at the first host, if at any: ${PERCENT_ENCODE}`)
  }
  return hosts.map(host => readHost(url, host, defaultPort))
}

function readHost(url: string, text: string, defaultPort: number): BrokerHost {
  const at = text.lastIndexOf('@')
  if (at !== text.indexOf('@')) throw invalid(url, `found an @ in a password: ${PERCENT_ENCODE}`)
  const credentials = at === -1 ? '' : text.slice(0, at)
  const colon = credentials.indexOf(':')
  const [user, password] =
    colon === -1 ? [credentials, ''] : [credentials.slice(0, colon), credentials.slice(colon + 1)]

  const address = /^(?:\[([0-9a-f:.%]+)\]|([^:[\]@\s]+))(?::(\d{1,5}))?$/i.exec(text.slice(at + 1))
  if (!address) {
    const where = at === -1 ? 'a host' : 'what follows a host’s credentials'
    throw invalid(url, `expected ${where} to be name:port, 192.0.2.1:port or [2001:db8::1]:port`)
  }
  const port = Number(address[3] ?? defaultPort)
  if (port < 1 || port > 65535) throw invalid(url, 'expected a port from 1 to 65535')
  return {
    hostname: decode(url, address[1] ?? address[2] ?? ''),
    port,
    username: decode(url, user) || KOMBU_DEFAULT,
    password: decode(url, password) || KOMBU_DEFAULT,
  }
}

/** The user and the password of kombu's pyamqp transport, if a URL has none. */
const KOMBU_DEFAULT = 'guest'

function readPath(url: string): string {
  try {
    return fileURLToPath(url)
  } catch {
    throw invalid(url, 'expected file:///absolute/path.ndjson, without a host')
  }
}

function readSeconds(url: string, text: string | null): number | null {
  if (text === null) return null
  if (/^\d{1,5}$/.test(text)) return Number(text)
  throw invalid(url, 'expected heartbeat_timeout_threshold to be a whole number of seconds')
}

/** As oslo.utils strutils.bool_from_string. */
function isTrue(text: string | null): boolean {
  return /^(1|t|true|on|y|yes)$/i.test(text?.trim() ?? '')
}

function decode(url: string, text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid(url, 'expected every % to begin an escape such as %2F; a plain % is written %25')
  }
}

function printHost(hostname: string): string {
  return hostname.includes(':') ? `[${hostname}]` : hostname
}

/** Only the scheme of the URL is in the message: any other part may belong to a password. */
function invalid(url: string, what: string): MixmatchError {
  const scheme = schemeOf(url) ?? 'no driver://'
  return new MixmatchError('CONFIG_INVALID', `transport URL (${scheme}…): ${what}`)
}

function schemeOf(url: string): string | null {
  return /^[a-z][a-z0-9+.-]*:\/\//i.exec(url)?.[0] ?? null
}
