import { createHash } from 'node:crypto'
import { inspect } from 'node:util'

/**
 * A Keystone token that cannot be printed by accident: everything that turns it into text says
 * `[token]`, and only `reveal()` gives the secret, at the one place that puts it on a wire.
 */
export class Token {
  readonly #secret: string
  /** SHA-256 of the secret, 64 hex digits: names the token in caches, and never in a log. */
  readonly digest: string

  constructor(secret: string) {
    this.#secret = secret
    this.digest = createHash('sha256').update(secret).digest('hex')
  }

  reveal(): string {
    return this.#secret
  }

  toString(): string {
    return '[token]'
  }

  toJSON(): string {
    return '[token]'
  }

  [inspect.custom](): string {
    return '[token]'
  }
}
