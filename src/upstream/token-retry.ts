import type { Identity } from '../identity/identity.js'
import type { Destination, Requester } from './destination.js'

/** How to send a request with a token from a cache. */
export interface TokenUse<Access, Response> {
  /** What to send with: the second time, nothing of it may be what was forgotten. */
  readonly access: (isRetry: boolean) => Promise<Access>
  /** `mayRetry`: a 401 leads to another call, so that it is not yet the final response. */
  readonly send: (access: Access, mayRetry: boolean) => Promise<Response>
  /** Drop the rejected token from the cache; null where no other could be had. */
  readonly forget: (access: Access) => (() => void) | null
}

/**
 * Send with a cached token. If the cloud rejects it with 401, forget it and send once more with a
 * new one: a token that was valid when it was cached may have been revoked since.
 *
 * @throws what `access` and `send` throw
 */
export async function retryUnauthorized<
  Access,
  Response extends { readonly status: number | null },
>({ access, send, forget }: TokenUse<Access, Response>): Promise<Response> {
  const first = await access(false)
  const forgetFirst = forget(first)
  const response = await send(first, forgetFirst !== null)
  if (response.status !== 401 || forgetFirst === null) return response
  forgetFirst()
  return send(await access(true), false)
}

/** What drops the token with which a destination is reached; null where the client's own goes there. */
export function forgetToken(
  { token }: Requester,
  { cloud, auth }: Pick<Destination, 'cloud' | 'auth'>,
  forget: Identity['forget'],
): (() => void) | null {
  return token === null || auth.kind === 'local' ? null : () => forget(token, cloud)
}
