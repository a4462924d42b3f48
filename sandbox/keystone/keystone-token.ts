import { randomBytes } from 'node:crypto'
import type { ApplicationCredential, Grants, ProjectEntry } from './keystone-directory.js'

/** A token issued by a miniature Keystone, with its content. */
export interface TokenInfo {
  /** The value of `X-Auth-Token`. */
  readonly id: string
  readonly user: {
    readonly id: string
    readonly name: string
    readonly domain: { readonly id: string; readonly name: string }
  }
  /** null for an unscoped token. */
  readonly project: ProjectEntry | null
  /** Role names on that project. */
  readonly roles: readonly string[]
  readonly issuedAtMs: number
  readonly expiresAtMs: number
  readonly methods: readonly string[]
  readonly auditIds: readonly string[]
  /** The grants of its user; rescoping checks these. */
  readonly grants: readonly Grants[]
  /** Set for federated users. */
  readonly federation: {
    readonly identityProvider: string
    readonly groups: readonly string[]
  } | null
  readonly applicationCredential: ApplicationCredential | null
}

/**
 * A token id that looks like Fernet: version byte 0x80, the time in seconds, and random bytes as
 * cipher text. About 180 characters beginning with `gAAAAA`, so that what redacts Keystone's
 * tokens by their form also redacts these.
 */
function makeTokenId(nowMs: number): string {
  const head = Buffer.alloc(9)
  head.writeUInt8(0x80)
  head.writeBigUInt64BE(BigInt(Math.floor(nowMs / 1000)), 1)
  return Buffer.concat([head, randomBytes(126)]).toString('base64url')
}

/** The store of issued tokens. */
export interface Tokens {
  issue(token: Omit<TokenInfo, 'id' | 'issuedAtMs' | 'auditIds'>): TokenInfo
  /** null if the token is unknown, expired or revoked. */
  find(id: string): TokenInfo | null
  revoke(id: string): void
}

export function createTokens(now: () => number): Tokens {
  const byId = new Map<string, TokenInfo>()

  function forgetExpired(): void {
    for (const [id, token] of byId) {
      if (token.expiresAtMs > now()) return // the oldest come first
      byId.delete(id)
    }
  }

  return {
    issue(given) {
      forgetExpired()
      const token = {
        ...given,
        id: makeTokenId(now()),
        issuedAtMs: now(),
        auditIds: [randomBytes(16).toString('base64url')],
      }
      byId.set(token.id, token)
      return token
    },
    find(id) {
      const token = byId.get(id)
      return token && token.expiresAtMs > now() ? token : null
    },
    revoke(id) {
      byId.delete(id)
    },
  }
}
