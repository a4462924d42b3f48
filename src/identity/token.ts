import { hash } from 'node:crypto'
import { inspect } from 'node:util'

/**
 * A Keystone token that cannot be printed by accident: converted to text it is `[token]`. Only `reveal()`
 * returns the secret, for the code that sends it.
 */
export class Token {
  readonly #secret: string
  /** SHA-256 of the secret, 64 hex digits. It is the key in caches, and never logged. */
  readonly digest: string

  constructor(secret: string) {
    this.#secret = secret
    this.digest = hash('sha256', secret)
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
