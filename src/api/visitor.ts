import type { Token } from '../identity/token.js'
import type { Viewer } from './viewer.js'

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
