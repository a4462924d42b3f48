import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { MixmatchError } from '../errors.js'
import { isHost } from '../upstream/public-address.js'

/** Node's default limit. Node 22 silently drops the headers above its limit. */
export const MAX_HEADERS = 1000

type CheckedRequest = Pick<IncomingMessage, 'httpVersion' | 'url' | 'headers' | 'rawHeaders'>

/**
 * Reject requests that Node's parser accepts but that two servers could read differently; nginx rejects
 * them, too. Then put the request target into origin form (RFC 9112 §3.2), so that all other code sees
 * a path.
 *
 * @throws BAD_REQUEST, HEADERS_TOO_LARGE
 */
function normaliseRequest(req: CheckedRequest): void {
  const { httpVersion, rawHeaders } = req
  if (httpVersion !== '1.1' && httpVersion !== '1.0') {
    throw badRequest(`Expected HTTP/1.1 or HTTP/1.0, got HTTP/${httpVersion}.`)
  }
  if (rawHeaders.length > 2 * MAX_HEADERS) {
    const message = `Expected at most ${MAX_HEADERS} headers, got ${rawHeaders.length / 2}.`
    throw new MixmatchError('HEADERS_TOO_LARGE', message)
  }
  requireOneHost(rawHeaders)
  requirePlainChunked(req)
  useOriginForm(req)
}

/**
 * Create the first check of every request. After a malformed request all others on the same
 * connection are rejected, because it is not clear where the next one begins.
 *
 * @returns a function that returns the error to respond with, or null
 */
export function createRequestCheck(): (
  req: IncomingMessage,
  res: ServerResponse,
) => MixmatchError | null {
  const broken = new WeakSet<Socket>()
  return (req, res) => {
    try {
      if (broken.has(req.socket)) {
        throw badRequest('A request before this one on the connection was malformed.')
      }
      normaliseRequest(req)
      return null
    } catch (error) {
      if (!(error instanceof MixmatchError)) throw error
      broken.add(req.socket)
      res.shouldKeepAlive = false
      return error
    }
  }
}

/** HTTP/1.0 needs no Host. Node has checked that HTTP/1.1 has one. */
function requireOneHost(rawHeaders: readonly string[]): void {
  const hosts = valuesOf(rawHeaders, 'host')
  if (hosts.length > 1) throw badRequest('Expected one Host header, got several.')
  const [host] = hosts
  if (host !== undefined && !isHost(host)) {
    throw badRequest('The Host header must be a host name, with or without port.')
  }
}

/** With any other coding two servers may disagree about where the body ends. */
function requirePlainChunked({ httpVersion, rawHeaders }: CheckedRequest): void {
  const codings = valuesOf(rawHeaders, 'transfer-encoding')
  if (codings.length === 0) return
  if (httpVersion === '1.0') throw badRequest('HTTP/1.0 has no Transfer-Encoding.')
  if (codings.length > 1 || codings[0]?.toLowerCase() !== 'chunked') {
    throw badRequest('Transfer-Encoding: expected "chunked" and nothing else.')
  }
}

const ABSOLUTE = /^https?:\/\/([^/?]*)(.*)$/is

/** `http://cloud.example/image/v2`: its host replaces the Host header (RFC 9112 §3.2.2). */
function useOriginForm(req: CheckedRequest): void {
  const { url = '' } = req
  if (url.startsWith('/') || url === '*') return
  const [, host = '', target = ''] = ABSOLUTE.exec(url) ?? []
  if (!isHost(host)) {
    throw badRequest('The request target: expected a path or an http URL with a host.')
  }
  req.headers.host = host
  req.url = target.startsWith('/') ? target : `/${target}`
}

function valuesOf(rawHeaders: readonly string[], name: string): readonly string[] {
  const values: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const found = rawHeaders[index] ?? ''
    if (found.length === name.length && found.toLowerCase() === name) {
      values.push(rawHeaders[index + 1] ?? '')
    }
  }
  return values
}

function badRequest(message: string): MixmatchError {
  return new MixmatchError('BAD_REQUEST', message)
}
