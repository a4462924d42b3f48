import type { OwnProject } from '../api/viewer.js'
import type { AdmitVisitor, OpsVisitor } from '../api/visitor.js'
import { MixmatchError } from '../errors.js'
import type { Caller, Identity } from '../identity/identity.js'
import type { Token } from '../identity/token.js'
import { TokenCache } from '../identity/token-cache.js'
import { IDENTITY_PROVIDER } from '../ids.js'

/** Admit everybody: for a port that only this machine can reach. */
export const admitAll: AdmitVisitor = async () => everybody

const everybody: OpsVisitor = {
  viewer: 'all',
  role: 'none',
  userId: null,
  userName: null,
  project: null,
  expiresAtMs: Number.POSITIVE_INFINITY,
}

interface AdmissionParts {
  readonly authenticate: Identity['authenticate']
  /** The projects of the user at other clouds: those that belong to the project of the token. */
  readonly projectsElsewhere: (token: Token, caller: Caller) => Promise<readonly OwnProject[]>
  /** Roles that may see everything. */
  readonly adminRoles: readonly string[]
  /** Roles that may see what belongs to the project of the token. */
  readonly readerRoles: readonly string[]
  /** How long the projects of a reader are remembered. */
  readonly cacheSeconds: number
}

/** The message to a visitor without a token. */
export const TOKEN_NEEDED =
  'The port for operators of Mixmatch needs a token of the identity provider, in X-Auth-Token.'

/** Readers whose projects are remembered. */
const MOST_READERS = 1_000
/** A cloud that was down when a reader came is asked again after this time. */
const MOST_SECONDS = 60

/** Admit users of the identity provider with one of these roles. */
export function createAdmission(parts: AdmissionParts): AdmitVisitor {
  const { authenticate, projectsElsewhere, adminRoles, readerRoles, cacheSeconds } = parts
  const elsewhere = new TokenCache<readonly OwnProject[]>({
    capacity: MOST_READERS,
    cacheSeconds: Math.min(cacheSeconds, MOST_SECONDS),
    now: Date.now,
  })
  return async token => {
    if (token === null) {
      throw new MixmatchError('NOT_AUTHENTICATED', TOKEN_NEEDED)
    }
    const caller = await authenticate(token)
    const { userId, userName, project, roles, expiresAtMs } = caller
    const hasOneOf = (wanted: readonly string[]) => roles.some(role => wanted.includes(role))
    const visitor = { userId, userName, project: project?.id ?? null, expiresAtMs }
    if (hasOneOf(adminRoles)) return { ...visitor, viewer: 'all', role: 'admin' }
    if (project !== null && hasOneOf(readerRoles)) {
      const others = await elsewhere.get(token.digest, async () => ({
        value: await projectsElsewhere(token, caller),
        untilMs: expiresAtMs,
      }))
      const own = { service_provider: IDENTITY_PROVIDER, project: project.id }
      return { ...visitor, viewer: [own, ...others], role: 'reader' }
    }
    const expected = [...new Set([...adminRoles, ...readerRoles])].join(', ')
    throw new MixmatchError(
      'FORBIDDEN',
      `User ${userName} (${userId}) has none of the roles ${expected} in a project ([ops] admin_roles, reader_roles).`,
    )
  }
}
