import type { Kind } from './kinds.js'

/** One option, as operators see it. The sample, the documentation and all messages are made from it. */
export interface Option<T> {
  /** As in the file: `auth_url`. */
  readonly name: string
  readonly kind: Kind<T>
  /** As in the file; null for no default. Then the value is null. */
  readonly default: string | null
  /** Whole sentences, with the unit. */
  readonly help: string
  readonly traits: Traits
}

interface Traits {
  /** Whether it is masked in `config show`, and never in a message. */
  readonly secret?: boolean
  /** Its other names: `bind_port`, or `cache.expiration_time` in another group. */
  readonly aliases?: readonly string[]
  /** Whether all its lines in all files are used, as with oslo.config's MultiOpt; otherwise only the last one. */
  readonly repeats?: true
  /** Whether a new value takes effect only after a restart; others take effect on SIGHUP. */
  readonly restarts?: boolean
  /** Shown in the sample if there is no default. */
  readonly example?: string
  /** Describes a default that depends on other options. */
  readonly otherwise?: string
}

/** An option that always has a value. */
export function option<T>(
  name: string,
  kind: Kind<T>,
  fallback: string,
  help: string,
  traits: Traits = {},
): Option<T> {
  return { name, kind, default: fallback, help, traits }
}

/** An option that may be missing or empty. Then its value is null. */
export function optional<T>(
  name: string,
  kind: Kind<T>,
  help: string,
  traits: Traits = {},
): Option<T | null> {
  const orNone = { ...kind, schema: kind.schema.nullable() }
  return { name, kind: orNone, default: null, help, traits }
}
