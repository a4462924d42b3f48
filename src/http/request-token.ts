import type { IncomingMessage } from 'node:http'
import { MixmatchError } from '../errors.js'
import { Token } from '../identity/token.js'

/** The token in a header; null if there is none. */
export function tokenIn(
  req: IncomingMessage,
  header: 'x-auth-token' | 'x-service-token',
): Token | null {
  const secret = req.headers[header]
  return typeof secret === 'string' && secret !== '' ? new Token(secret) : null
}

/** The error for a request without a token, in the words of keystonemiddleware. */
export function tokenMissing(): MixmatchError {
  const message = 'The request you have made requires authentication.'
  return new MixmatchError('NOT_AUTHENTICATED', message)
}
