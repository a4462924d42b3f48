import type { IncomingMessage } from 'node:http'
import { BlockList, isIP, isIPv6, type Socket } from 'node:net'
import { MixmatchError } from '../errors.js'
import type { RawHeaders } from '../http-client/raw-headers.js'
import { memoize } from '../memoize.js'
import { peerAddress, plainAddress } from './client-address.js'
import { type ForwardedStep, parseForwarded } from './forwarded-header.js'

/** The URL at which a client reached the proxy. Links in responses use it. */
export interface PublicAddress {
  /** Where clients find the proxy, without a slash at the end: `https://cloud.example/resource`. */
  readonly publicBase: string
  /** The path of `publicBase`, before `/image` and `/volume`; usually empty. */
  readonly publicPath: string
  /** Forwarded (RFC 7239) and the older X-Forwarded-*, as oslo.middleware's HTTPProxyToWSGI reads them. */
  readonly forwarded: RawHeaders
}

interface PublicUrl {
  readonly proto: string
  readonly host: string
  readonly path: string
}

const HOST = /^(?:[\w-]+(?:\.[\w-]+)*\.?|\[[\da-f:.]+\])(?::\d*)?$/i
const PROTO = /^https?$/i
const PORT_AT_END = /:\d*$/
const PORT = /^[1-9]\d{0,4}$/
const PATH = /^(?:\/[\w.~-]+)+$/

/** Whether a text is a host name or an address, with or without a port, as in Host and in URLs. */
export const isHost = memoize(text => HOST.test(text))

/**
 * Create the function that finds the public address of the proxy for a request. Headers that name the
 * address count only if a trusted proxy sends the request. `publicEndpoint`, if set, overrides them.
 *
 * @returns a function that throws BAD_REQUEST for a malformed Host header
 */
export function createPublicAddresses(options: {
  publicEndpoint: string | null
  isTrusted: (address: string) => boolean
}): (req: IncomingMessage) => PublicAddress {
  const configured =
    options.publicEndpoint === null ? null : parsePublicEndpoint(options.publicEndpoint)
  /** Of connections that no trusted proxy opened: the address for the last Host. */
  const direct = new WeakMap<Socket, { host: string | undefined; address: PublicAddress }>()

  function addressOf(req: IncomingMessage, peer: string, trusted: boolean): PublicAddress {
    const trustedHeader = (name: string) => (trusted ? joinValues(req.headers[name]) : undefined)
    const steps = parseForwarded(trustedHeader('forwarded') ?? '')
    const { proto, host, path } = configured ?? urlOfRequest(req, trustedHeader, steps?.[0])
    const step = `for=${isIPv6(peer) ? `"[${peer}]"` : peer};host="${host}";proto=${proto}`
    return {
      publicBase: `${proto}://${host}${path}`,
      publicPath: path,
      forwarded: [
        'Forwarded',
        append(steps ? trustedHeader('forwarded') : undefined, step),
        'X-Forwarded-For',
        append(trustedHeader('x-forwarded-for'), peer),
        'X-Forwarded-Host',
        host,
        'X-Forwarded-Proto',
        proto,
      ],
    }
  }

  return req => {
    const peer = peerAddress(req)
    if (options.isTrusted(peer)) return addressOf(req, peer, true)
    const { host } = req.headers
    const known = direct.get(req.socket)
    if (known && known.host === host) return known.address
    const address = addressOf(req, peer, false)
    direct.set(req.socket, { host, address })
    return address
  }
}

/**
 * Create the function that checks whether an address is in a list of addresses and networks: `::1`,
 * `10.0.0.0/8`.
 *
 * @throws CONFIG_INVALID for an entry that is neither
 */
export function trustedProxies(list: readonly string[]): (address: string) => boolean {
  const trusted = new BlockList()
  for (const entry of list) {
    const [address = '', bits] = entry.split('/')
    const maxBits = isIPv6(address) ? 128 : 32
    const prefix = bits === undefined ? maxBits : Number(bits)
    if (isIP(address) === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > maxBits) {
      const message = `trusted_proxies: expected an address or a network like 10.0.0.0/8, got "${entry}"`
      throw new MixmatchError('CONFIG_INVALID', message)
    }
    trusted.addSubnet(address, prefix, family(address))
  }
  if (list.length === 0) return () => false // even a check of an empty BlockList costs 10 µs
  return memoize(address => isIP(address) !== 0 && trusted.check(address, family(address)))
}

/** Like oslo.middleware: if there is a Forwarded, only X-Forwarded-Prefix counts besides it. */
function urlOfRequest(
  req: IncomingMessage,
  trustedHeader: (name: string) => string | undefined,
  outermost: ForwardedStep | undefined,
): PublicUrl {
  const claimed = (field: string) =>
    outermost ? outermost.get(field) : trustedHeader(`x-forwarded-${field}`)
  const ours = 'encrypted' in req.socket ? 'https' : 'http'
  const proto = firstMatching(PROTO, claimed('proto'))?.toLowerCase() ?? ours
  const port = outermost ? undefined : firstMatching(PORT, trustedHeader('x-forwarded-port'))
  const host = firstMatching(HOST, claimed('host')) ?? hostOf(req, port === undefined)
  return {
    proto,
    host: port === undefined ? host : withPort(host, port, proto),
    path: firstMatching(PATH, trustedHeader('x-forwarded-prefix')) ?? '',
  }
}

/** A port in X-Forwarded-Host has precedence. The default port of the scheme is left out. */
function withPort(host: string, port: string, proto: string): string {
  const isUsual = port === (proto === 'https' ? '443' : '80')
  return isUsual || PORT_AT_END.test(host) ? host : `${host}:${port}`
}

/** The Host of the request. Its port may belong to an inner hop, so X-Forwarded-Port has precedence. */
function hostOf(req: IncomingMessage, keepsPort: boolean): string {
  const { host } = req.headers
  // HTTP/1.0 needs no Host. The local address of the connection replaces it.
  if (host === undefined) {
    const address = plainAddress(req.socket.localAddress ?? '')
    const name = isIPv6(address) ? `[${address}]` : address
    return keepsPort ? `${name}:${req.socket.localPort}` : name
  }
  if (isHost(host)) return keepsPort ? host : host.replace(PORT_AT_END, '')
  throw new MixmatchError(
    'BAD_REQUEST',
    'The Host header must be a host name, with or without port.',
  )
}

function parsePublicEndpoint(endpoint: string): PublicUrl {
  const { protocol, host, pathname } = new URL(endpoint)
  return { proto: protocol.slice(0, -1), host, path: pathname.replace(/\/+$/, '') }
}

/** The first entry of a comma-separated list comes from the outermost proxy. */
function firstMatching(form: RegExp, list: string | undefined): string | undefined {
  const value = list?.split(',')[0]?.trim()
  return value !== undefined && form.test(value) ? value : undefined
}

function append(list: string | undefined, value: string): string {
  return list ? `${list}, ${value}` : value
}

function joinValues(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4'
}
