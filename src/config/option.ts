import type { Kind } from './kinds.js'

/** One option as an operator knows it. All that is said of an option anywhere comes from here. */
export interface Option<T> {
  /** As in the file: `auth_url`. */
  readonly name: string
  readonly kind: Kind<T>
  /** As it would be written in the file; null where there is none, and the value is null then. */
  readonly default: string | null
  /** Whole sentences, with the unit. */
  readonly help: string
  readonly traits: Traits
}

export interface Traits {
  /** Never shown: masked in `config show`, absent from messages. */
  readonly secret?: boolean
  /** Other names of it: `bind_port`, or `cache.expiration_time` in another group. */
  readonly aliases?: readonly string[]
  /** Whether all lines that give it count, in all files, as with oslo.config's MultiOpt; else the last. */
  readonly repeats?: true
  /** Whether only a new start takes a new value; all others are taken at SIGHUP. */
  readonly restarts?: boolean
  /** What the sample shows where the default would say nothing. */
  readonly example?: string
  /** What stands for a default that is worked out from other options. */
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

/** An option that may be left out, or left empty: its value is null then. */
export function optional<T>(
  name: string,
  kind: Kind<T>,
  help: string,
  traits: Traits = {},
): Option<T | null> {
  const orNone = { ...kind, schema: kind.schema.nullable() }
  return { name, kind: orNone, default: null, help, traits }
}
