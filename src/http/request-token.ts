import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { MixmatchError } from '../errors.js'
import { Token } from '../identity/token.js'

/**
 * The last X-Auth-Token of each connection. Most clients send the same one again, and its digest takes
 * longer than this comparison. Whether it is still valid is looked up for each request.
 */
const lastTokens = new WeakMap<Socket, Token>()

/** The token in a header; null if there is none. */
export function tokenIn(
  { headers, socket }: IncomingMessage,
  header: 'x-auth-token' | 'x-service-token',
): Token | null {
  const secret = headers[header]
  if (typeof secret !== 'string' || secret === '') return null
  if (header === 'x-service-token') return new Token(secret)
  const last = lastTokens.get(socket)
  if (last?.reveal() === secret) return last
  const token = new Token(secret)
  lastTokens.set(socket, token)
  return token
}

/** The error for a request without a token, in the words of keystonemiddleware. */
export function tokenMissing(): MixmatchError {
  const message = 'The request you have made requires authentication.'
  return new MixmatchError('NOT_AUTHENTICATED', message)
}
