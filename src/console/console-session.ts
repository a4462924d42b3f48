import { randomBytes } from 'node:crypto'
import type { Token } from '../identity/token.js'

/** A logged-in browser. */
interface ConsoleSession {
  readonly token: Token
  /** Milliseconds since 1970: the expiry of the token. */
  readonly expiresAtMs: number
}

/** The sessions of all browsers, in memory: a restart ends them. */
export interface SessionStore {
  /** Begin a session. @returns its id, a secret of 43 characters for the cookie */
  begin(session: ConsoleSession): string
  /** null if there is no such session, or it has expired. */
  find(id: string): ConsoleSession | null
  end(id: string): void
}

/** Each session takes about 1 KB. The oldest one makes room for a new one. */
const CAPACITY = 1_000
const ID_BYTES = 32

/** @param now milliseconds since 1970 */
export function createSessionStore(now: () => number, capacity = CAPACITY): SessionStore {
  const sessions = new Map<string, ConsoleSession>()

  function removeExpired(): void {
    for (const [id, { expiresAtMs }] of sessions) if (expiresAtMs <= now()) sessions.delete(id)
  }

  return {
    begin(session) {
      removeExpired()
      const [oldest] = sessions.keys()
      if (oldest !== undefined && sessions.size >= capacity) sessions.delete(oldest)
      const id = randomBytes(ID_BYTES).toString('base64url')
      sessions.set(id, session)
      return id
    },
    find(id) {
      const session = sessions.get(id)
      return session !== undefined && session.expiresAtMs > now() ? session : null
    },
    end: id => void sessions.delete(id),
  }
}
