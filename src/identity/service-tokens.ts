import type { Logger } from 'pino'
import { MixmatchError } from '../errors.js'
import type { SpName } from '../ids.js'
import type { Identity } from './identity.js'
import type { ServiceIdentity } from './service-identity.js'
import type { Token } from './token.js'
import { type Kept, TokenCache, type TokenCacheOptions } from './token-cache.js'
import { MARGIN_MS } from './visit.js'

/**
 * By what a service of the identity provider stays one at another cloud: its own token is good at
 * home alone, so that Mixmatch's takes its place there. Without, Cinder answers 409 to Nova where
 * it gives a volume up (CVE-2023-2088).
 */
export interface ServiceTokens {
  /**
   * Whether what came in X-Service-Token is a service's. A token of anybody else's is worth nothing,
   * and no reason to refuse the request.
   *
   * @throws NOT_AUTHENTICATED where Keystone does not know it, IDENTITY_UNAVAILABLE
   */
  isService(received: Token): Promise<boolean>
  /** Mixmatch's own at a cloud; null where it has none there, and the log says why. */
  own(at: SpName): Promise<Token | null>
  /** Do not use that one again: the cloud answered 401. */
  forget(at: SpName): void
}

export interface ServiceTokensOptions extends Pick<TokenCacheOptions, 'cacheSeconds' | 'now'> {
  readonly authenticate: Identity['authenticate']
  /** Mixmatch at the other clouds, where it wants one of `roles`. */
  readonly identity: Pick<ServiceIdentity, 'access' | 'forget'>
  /** A token with one of them is a service's (keystonemiddleware's `service_token_roles`). */
  readonly roles: readonly string[]
  /** Told of every request of a service to a cloud: whether it has a service token there. */
  readonly onUse?: (at: SpName, result: 'sent' | 'left_out') => void
  readonly logger: Pick<Logger, 'debug' | 'warn'>
}

/** A cloud where it has none is not asked again so soon. */
const PAUSE_MS = 10_000
/** More clouds than anybody federates. */
const CLOUDS = 1_000

export function createServiceTokens(options: ServiceTokensOptions): ServiceTokens {
  const { authenticate, identity, roles, cacheSeconds, now, onUse = () => {}, logger } = options
  const tokens = new TokenCache<Token | null>({ capacity: CLOUDS, cacheSeconds, now })
  const complaints = new Map<SpName, string>()
  const isOfService = (role: string) => roles.includes(role)

  /** Said once, until it is something else that is missing. */
  function leaveOut(at: SpName, complaint: string): Kept<null> {
    const isNew = complaints.get(at) !== complaint
    complaints.set(at, complaint)
    logger[isNew ? 'warn' : 'debug'](
      { serviceProvider: at },
      `Services send no service token to "${at}": ${complaint}`,
    )
    return { value: null, untilMs: now() + PAUSE_MS }
  }

  async function mint(at: SpName): Promise<Kept<Token | null>> {
    try {
      const { token, roles: own, expiresAtMs } = await identity.access(at)
      if (!own.some(isOfService)) {
        identity.forget(at, token) // a role that is granted from now on is in the next one alone
        return leaveOut(at, `its user there has none of the roles ${roles.join(', ')}.`)
      }
      complaints.delete(at)
      return { value: token, untilMs: expiresAtMs - MARGIN_MS }
    } catch (error) {
      if (error instanceof MixmatchError) return leaveOut(at, error.message)
      throw error
    }
  }

  return {
    async isService(received) {
      const caller = await authenticate(received).catch(refuse)
      return caller.roles.some(isOfService)
    },
    async own(at) {
      const token = await tokens.get(at, () => mint(at))
      onUse(at, token === null ? 'left_out' : 'sent')
      return token
    },
    forget(at) {
      const token = tokens.drop(at)
      if (token) identity.forget(at, token)
    },
  }
}

/** Say which of the two tokens it is that Keystone does not know. */
function refuse(cause: unknown): never {
  if (!(cause instanceof MixmatchError) || cause.code !== 'NOT_AUTHENTICATED') throw cause
  const message = 'X-Service-Token is unknown to Keystone, expired or revoked.'
  throw new MixmatchError(cause.code, message, { cause })
}
