import type { Logger } from 'pino'
import { type FaultCode, MixmatchError } from '../errors.js'
import { IDENTITY_PROVIDER, type SpName } from '../ids.js'
import type { Caller, Identity } from './identity.js'
import { validate } from './keystone.js'
import type { Keystones, ServiceProvider } from './keystones.js'
import type { Token } from './token.js'
import { TokenCache } from './token-cache.js'
import { beginVisit, MARGIN_MS, type Visit } from './visit.js'

export interface IdentityOptions {
  readonly keystones: Keystones
  /** Nothing is remembered longer, so a revoked token is refused after so long at the latest. */
  readonly cacheSeconds: number
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Told of every question to the caches: who it is, and the way to another cloud. */
  readonly onLookup?: (cache: 'caller' | 'visit', result: 'hit' | 'miss') => void
  /** Told of every way to another cloud that was taken to its end, or as far as it went. */
  readonly onVisit?: (at: SpName, result: 'arrived' | 'failed', ms: number) => void
  readonly logger: Pick<Logger, 'debug' | 'warn'>
}

/** Tokens at one time: those of users, and one for each cloud a user goes to. Each takes some 9 KB. */
const CAPACITY = 10_000

/**
 * Identity by real Keystones: tokens are validated by themselves, and their users taken to the
 * service providers by Keystone-to-Keystone federation.
 */
export function createIdentity(options: IdentityOptions): Identity {
  const { keystones, cacheSeconds, now, logger } = options
  const { home } = keystones

  const cache = <Value>(name: 'caller' | 'visit') =>
    new TokenCache<Value>({
      capacity: CAPACITY,
      cacheSeconds,
      now,
      onLookup: result => options.onLookup?.(name, result),
    })
  const callers = cache<Caller>('caller')
  const visits = cache<Visit>('visit')

  async function timed<Value>(at: SpName, way: () => Promise<Value>): Promise<Value> {
    const begun = now()
    try {
      const value = await way()
      options.onVisit?.(at, 'arrived', now() - begun)
      return value
    } catch (error) {
      options.onVisit?.(at, 'failed', now() - begun)
      throw error
    }
  }

  async function visit(token: Token, caller: Caller, at: SpName): Promise<Visit> {
    const there = keystones.at(at)
    refuseWhatMustNotLeave(caller, there)
    try {
      return await visits.get(visitKey(token, at), () =>
        timed(at, () => beginVisit(token, caller, there, { home, cacheSeconds, now, logger })),
      )
    } catch (error) {
      if (codeOf(error) === 'NOT_AUTHENTICATED') callers.drop(token.digest)
      throw error
    }
  }

  return {
    authenticate(token) {
      return callers.get(token.digest, async () => {
        const { catalog: _, serviceProviders: __, ...caller } = await validate(home, token)
        return { value: caller, untilMs: caller.expiresAtMs - MARGIN_MS }
      })
    },
    async projects(token, caller, at) {
      return (await visit(token, caller, at)).projects
    },
    async access(token, caller, at, project) {
      try {
        return await (await visit(token, caller, at)).access(project)
      } catch (error) {
        // The token from which it is scoped may have been revoked, or lost with its cloud's keys.
        const mayBeStale = staleWhen.includes(codeOf(error))
        if (!mayBeStale || !visits.drop(visitKey(token, at))) throw error
        return await (await visit(token, caller, at)).access(project)
      }
    },
    forget(token, at) {
      if (at !== IDENTITY_PROVIDER) visits.drop(visitKey(token, at))
      else {
        callers.drop(token.digest)
        for (const cloud of keystones.names) visits.drop(visitKey(token, cloud))
      }
    },
  }
}

const staleWhen: readonly (FaultCode | null)[] = [
  'NO_PROJECT_AT_SERVICE_PROVIDER',
  'FEDERATION_FAILED',
]

/** Keystone asserts who has a project, and cannot carry an application credential's rules along. */
function refuseWhatMustNotLeave(caller: Caller, { peer }: ServiceProvider): void {
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

function visitKey(token: Token, at: SpName): string {
  return `${token.digest} ${at}`
}
