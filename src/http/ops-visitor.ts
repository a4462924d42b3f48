import type { Viewer } from '../api/viewer.js'
import { MixmatchError } from '../errors.js'
import type { Identity } from '../identity/identity.js'
import type { Token } from '../identity/token.js'
import { IDENTITY_PROVIDER } from '../ids.js'

/** Who uses the port for operators, and what they may see. */
export interface OpsVisitor {
  readonly viewer: Viewer
  /** `none` if the port asks for no token. */
  readonly role: 'admin' | 'reader' | 'none'
  readonly userId: string | null
  readonly userName: string | null
  /** The project of the token at the identity provider. */
  readonly project: string | null
  /** When the token ends, in milliseconds since 1970; Infinity without a token. */
  readonly expiresAtMs: number
}

/**
 * Admit a visitor by a token, in a header or in the session of a browser.
 *
 * @throws NOT_AUTHENTICATED, FORBIDDEN if the token has none of the roles, IDENTITY_UNAVAILABLE
 */
export type AdmitVisitor = (token: Token | null) => Promise<OpsVisitor>

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

interface Roles {
  /** Roles that may see everything. */
  readonly adminRoles: readonly string[]
  /** Roles that may see what belongs to the project of the token. */
  readonly readerRoles: readonly string[]
}

/** Admit users of the identity provider with one of these roles. */
export function createAdmission(
  { authenticate }: Pick<Identity, 'authenticate'>,
  { adminRoles, readerRoles }: Roles,
): AdmitVisitor {
  return async token => {
    if (token === null) {
      const message = 'This port needs a token of the identity provider, in X-Auth-Token.'
      throw new MixmatchError('NOT_AUTHENTICATED', message)
    }
    const { userId, userName, project, roles, expiresAtMs } = await authenticate(token)
    const hasOneOf = (wanted: readonly string[]) => roles.some(role => wanted.includes(role))
    const visitor = { userId, userName, project: project?.id ?? null, expiresAtMs }
    if (hasOneOf(adminRoles)) return { ...visitor, viewer: 'all', role: 'admin' }
    if (project !== null && hasOneOf(readerRoles)) {
      const own = [{ service_provider: IDENTITY_PROVIDER, project: project.id }]
      return { ...visitor, viewer: own, role: 'reader' }
    }
    const expected = [...new Set([...adminRoles, ...readerRoles])].join(', ')
    throw new MixmatchError(
      'FORBIDDEN',
      `Your token has none of the roles ${expected} in a project ([ops] admin_roles, reader_roles).`,
    )
  }
}
