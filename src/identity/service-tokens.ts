import type { Logger } from 'pino'
import { MixmatchError } from '../errors.js'
import type { SpName } from '../ids.js'
import { MARGIN_MS } from './federated-session.js'
import type { Identity } from './identity.js'
import type { ServiceIdentity } from './service-identity.js'
import type { Token } from './token.js'
import { type Expiring, TokenCache, type TokenCacheOptions } from './token-cache.js'

/**
 * Service tokens for other clouds. The service token of a service is valid only at its own cloud, so
 * Mixmatch replaces it by its own service token at another cloud. Without one, Cinder answers 409 when
 * Nova detaches a volume (CVE-2023-2088).
 */
export interface ServiceTokens {
  /**
   * Whether the X-Service-Token of a request belongs to a service. The valid token of another user has no
   * effect: the request is not rejected.
   *
   * @throws NOT_AUTHENTICATED if Keystone does not know it, IDENTITY_UNAVAILABLE
   */
  isService(received: Token): Promise<boolean>
  /** Mixmatch's own service token at a cloud; null if it has none. Then the log says why. */
  own(at: SpName): Promise<Token | null>
  /** Do not use that token again: the cloud answered 401. */
  forget(at: SpName): void
}

export interface ServiceTokensOptions extends Pick<TokenCacheOptions, 'cacheSeconds' | 'now'> {
  readonly authenticate: Identity['authenticate']
  /** Mixmatch's own user at the other clouds; it has one of `roles` if possible. */
  readonly identity: Pick<ServiceIdentity, 'access' | 'forget'>
  /** A token with one of these roles belongs to a service (keystonemiddleware's `service_token_roles`). */
  readonly roles: readonly string[]
  /** Called for every request of a service to a cloud. */
  readonly onUse?: (at: SpName, result: 'sent' | 'left_out') => void
  readonly logger: Pick<Logger, 'debug' | 'warn'>
}

/** If Mixmatch gets no service token at a cloud, it tries again after this time. */
const RETRY_MS = 10_000
/** More clouds than any deployment has. */
const MAX_CLOUDS = 1_000

export function createServiceTokens(options: ServiceTokensOptions): ServiceTokens {
  const { authenticate, identity, roles, cacheSeconds, now, onUse = () => {}, logger } = options
  const tokens = new TokenCache<Token | null>({ capacity: MAX_CLOUDS, cacheSeconds, now })
  const lastReasons = new Map<SpName, string>()
  const isServiceRole = (role: string) => roles.includes(role)

  /** Logs each reason once. */
  function leaveOut(at: SpName, reason: string): Expiring<null> {
    const isNew = lastReasons.get(at) !== reason
    lastReasons.set(at, reason)
    logger[isNew ? 'warn' : 'debug'](
      { service_provider: at },
      `Services send no service token to "${at}": ${reason}`,
    )
    return { value: null, untilMs: now() + RETRY_MS }
  }

  async function createToken(at: SpName): Promise<Expiring<Token | null>> {
    try {
      const { token, roles: own, expiresAtMs } = await identity.access(at)
      if (!own.some(isServiceRole)) {
        identity.forget(at, token) // only a new token has the roles that are granted from now on
        return leaveOut(at, `its user there has none of the roles ${roles.join(', ')}.`)
      }
      lastReasons.delete(at)
      return { value: token, untilMs: expiresAtMs - MARGIN_MS }
    } catch (error) {
      if (error instanceof MixmatchError) return leaveOut(at, error.message)
      throw error
    }
  }

  return {
    async isService(received) {
      const caller = await authenticate(received).catch(rejectServiceToken)
      return caller.roles.some(isServiceRole)
    },
    async own(at) {
      const token = await tokens.get(at, () => createToken(at))
      onUse(at, token === null ? 'left_out' : 'sent')
      return token
    },
    forget(at) {
      const token = tokens.drop(at)
      if (token) identity.forget(at, token)
    },
  }
}

/** Throw an error that says which of the two tokens Keystone does not know. */
function rejectServiceToken(cause: unknown): never {
  if (!(cause instanceof MixmatchError) || cause.code !== 'NOT_AUTHENTICATED') throw cause
  const message = 'X-Service-Token is unknown to Keystone, expired or revoked.'
  throw new MixmatchError(cause.code, message, { cause })
}
