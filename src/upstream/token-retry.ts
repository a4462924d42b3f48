import type { Identity } from '../identity/identity.js'
import type { Destination, Requester } from './destination.js'

/** How to send a request with a token from a cache. */
interface TokenUse<Access, Response> {
  /** Get the token, or what contains it. For the retry it must be a new one. */
  readonly access: (isRetry: boolean) => Access | Promise<Access>
  /** `mayRetry`: a 401 leads to a second call, so it is not the final response. */
  readonly send: (access: Access, mayRetry: boolean) => Promise<Response>
  /** Get the function that drops the rejected token from the cache; null if there can be no other token. */
  readonly forget: (access: Access) => (() => void) | null
}

/**
 * Send with a cached token. If the cloud rejects it with 401, drop it and send once more with a new
 * one: the cached token may have been revoked.
 *
 * @throws as `access` and `send`
 */
export async function retryUnauthorized<
  Access,
  Response extends { readonly status: number | null },
>({ access, send, forget }: TokenUse<Access, Response>): Promise<Response> {
  const found = access(false)
  const first = found instanceof Promise ? await found : found
  const forgetFirst = forget(first)
  const response = await send(first, forgetFirst !== null)
  if (response.status !== 401 || forgetFirst === null) return response
  forgetFirst()
  return send(await access(true), false)
}

/** Get the function that drops the cached token of a destination; null if the client's own token is sent. */
export function forgetToken(
  { token }: Requester,
  { cloud, auth }: Pick<Destination, 'cloud' | 'auth'>,
  forget: Identity['forget'],
): (() => void) | null {
  return token === null || auth.kind === 'local' ? null : () => forget(token, cloud)
}
