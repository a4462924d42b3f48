import type { IncomingMessage } from 'node:http'
import { isIP, isIPv4 } from 'node:net'
import { parseForwarded } from './forwarded-header.js'

/**
 * Create the function that finds the address of the client: the last address on the path that is not a
 * trusted proxy. Earlier addresses may be forged. A proxy may hide the address (RFC 7239 §6); then
 * it is `unknown`, or a name such as `_gateway`.
 */
export function createClientAddress(
  isTrusted: (address: string) => boolean,
): (req: IncomingMessage) => string {
  return req => {
    let client = peerAddress(req)
    if (!isTrusted(client)) return client
    for (const node of nodesBefore(req).reverse()) {
      const address = addressIn(node)
      if (address === null) return HIDDEN.test(node) ? node : client
      client = address
      if (!isTrusted(client)) break
    }
    return client
  }
}

/** The remote address of the connection; `unknown` if it is closed. */
export function peerAddress(req: IncomingMessage): string {
  return plainAddress(req.socket.remoteAddress ?? 'unknown')
}

/** On a dual-stack socket, an IPv4 address appears as `::ffff:192.0.2.1`. */
export function plainAddress(address: string): string {
  return address.startsWith(':') ? address.replace(/^::ffff:(?=\d+\.)/i, '') : address
}

const HIDDEN = /^(?:unknown|_[\w.-]+)$/i

function nodesBefore({ headers }: IncomingMessage): string[] {
  const steps = headers.forwarded === undefined ? null : parseForwarded(headers.forwarded)
  if (steps) return steps.map(step => step.get('for') ?? 'unknown')
  const list = headers['x-forwarded-for'] ?? ''
  return [list]
    .flat()
    .join(',')
    .split(',')
    .map(node => node.trim())
    .filter(node => node !== '')
}

/** Parse `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80`; null if it is not an address. */
function addressIn(node: string): string | null {
  if (isIP(node) !== 0) return plainAddress(node)
  const [, bracketed, beforePort] = /^(?:\[([^\]]+)\]|([\d.]+))(?::[\w.-]+)?$/.exec(node) ?? []
  if (bracketed !== undefined && isIP(bracketed) !== 0) return plainAddress(bracketed)
  return beforePort !== undefined && isIPv4(beforePort) ? beforePort : null
}
