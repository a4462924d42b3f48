import type { Logger } from 'pino'
import { type FaultCode, MixmatchError } from '../errors.js'
import { IDENTITY_PROVIDER, type SpName } from '../ids.js'
import { createFederatedSession, type FederatedSession, MARGIN_MS } from './federated-session.js'
import type { Caller, Identity } from './identity.js'
import { validateToken } from './keystone.js'
import type { Keystones, ServiceProvider } from './keystones.js'
import type { Token } from './token.js'
import { TokenCache } from './token-cache.js'

export interface IdentityOptions {
  readonly keystones: Keystones
  /** Nothing is cached longer, so a revoked token is rejected after this time at the latest. */
  readonly cacheSeconds: number
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Called for every cache look-up: `caller` for the owner of a token, `visit` for a federated session. */
  readonly onLookup?: (cache: 'caller' | 'visit', result: 'hit' | 'miss') => void
  /** Called after every federated login. */
  readonly onFederation?: (at: SpName, result: 'arrived' | 'failed', ms: number) => void
  readonly logger: Pick<Logger, 'debug' | 'warn'>
}

/** The number of cached tokens: one per user, and one per user and cloud. Each takes about 9 KB. */
const CAPACITY = 10_000

/**
 * Create an `Identity` that uses the Keystones: it validates tokens, and logs users in at service
 * providers by Keystone-to-Keystone federation.
 */
export function createIdentity(options: IdentityOptions): Identity {
  const { keystones, cacheSeconds, now, logger, onLookup, onFederation } = options
  const identityProvider = keystones.home
  const cache = <Value>(name: 'caller' | 'visit') =>
    new TokenCache<Value>({
      capacity: CAPACITY,
      cacheSeconds,
      now,
      onLookup: result => onLookup?.(name, result),
    })
  const callers = cache<Caller>('caller')
  const sessions = cache<FederatedSession>('visit')

  async function measured<Value>(at: SpName, login: () => Promise<Value>): Promise<Value> {
    const beganAt = now()
    try {
      const value = await login()
      onFederation?.(at, 'arrived', now() - beganAt)
      return value
    } catch (error) {
      onFederation?.(at, 'failed', now() - beganAt)
      throw error
    }
  }

  async function sessionAt(at: SpName, token: Token, caller: Caller): Promise<FederatedSession> {
    const serviceProvider = keystones.at(at)
    requireFederable(caller, serviceProvider)
    const parts = { identityProvider, cacheSeconds, now, logger }
    try {
      return await sessions.get(sessionKey(token, at), () =>
        measured(at, () => createFederatedSession(token, caller, serviceProvider, parts)),
      )
    } catch (error) {
      if (codeOf(error) === 'NOT_AUTHENTICATED') callers.drop(token.digest)
      throw error
    }
  }

  return {
    cachedCaller: token => callers.find(token.digest),
    authenticate(token) {
      return callers.get(token.digest, async () => {
        const description = await validateToken(identityProvider, token)
        const { catalog: _, serviceProviders: __, ...caller } = description
        return { value: caller, untilMs: caller.expiresAtMs - MARGIN_MS }
      })
    },
    async projects(token, caller, at) {
      return (await sessionAt(at, token, caller)).projects
    },
    async access(token, caller, at, project) {
      try {
        return await (await sessionAt(at, token, caller)).access(project)
      } catch (error) {
        // The unscoped token may be revoked, or its cloud may have lost the Fernet keys for it.
        const mayBeStale = staleWhen.includes(codeOf(error))
        if (!mayBeStale || !sessions.drop(sessionKey(token, at))) throw error
        return await (await sessionAt(at, token, caller)).access(project)
      }
    },
    cachedAccess(token, at, choose) {
      const session = sessions.find(sessionKey(token, at))
      return session?.cachedAccess(choose(session.projects).id)
    },
    forget(token, at) {
      if (at === IDENTITY_PROVIDER) callers.drop(token.digest)
      const affected = at === IDENTITY_PROVIDER ? keystones.names : [at]
      for (const cloud of affected) sessions.drop(sessionKey(token, cloud))
    },
  }
}

const staleWhen: readonly (FaultCode | null)[] = [
  'NO_PROJECT_AT_SERVICE_PROVIDER',
  'FEDERATION_FAILED',
]

/**
 * Keystone's assertion is about a user in a project. It cannot contain the access rules of an application
 * credential, so such a token is not federated.
 *
 * @throws FORBIDDEN
 */
function requireFederable(caller: Caller, { peer }: ServiceProvider): void {
  if (caller.project === null) {
    throw new MixmatchError(
      'FORBIDDEN',
      `${peer}: only a token that is scoped to a project can be used there. Log in to a project.`,
    )
  }
  if (caller.hasAccessRules) {
    throw new MixmatchError(
      'FORBIDDEN',
      `${peer}: an application credential with access rules cannot be used there, because its ` +
        'rules would not hold there. Use one without, or a password.',
    )
  }
}

function codeOf(error: unknown): FaultCode | null {
  return error instanceof MixmatchError ? error.code : null
}

function sessionKey(token: Token, at: SpName): string {
  return `${token.digest} ${at}`
}
