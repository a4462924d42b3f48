/**
 * The identifiers of the domain, as branded types, so that one kind cannot be used as another. Only this
 * file creates them.
 */

declare const brand: unique symbol
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name }

/** A cloud, by the name it has in `[DEFAULT] service_providers`; `default` is the identity provider. */
export type SpName = Branded<string, 'SpName'>
/** A Keystone project: 32 hex digits if it is a UUID, else unchanged. */
export type ProjectId = Branded<string, 'ProjectId'>
/** A Glance or Cinder resource: a UUID with hyphens in lower case if it is one, else unchanged. */
export type ResourceId = Branded<string, 'ResourceId'>
/** A position in the event log: 1 for the first event, without gaps. 0 means "before the first". */
export type Position = Branded<number, 'Position'>

/** Positions `after` (exclusive) to `upTo` (inclusive) of the log. */
export interface PositionRange {
  readonly after: Position
  readonly upTo: Position
}
/** Microseconds since 1970, UTC: the resolution of timestamps in oslo.messaging notifications. */
export type Micros = Branded<number, 'Micros'>

/** The resource types that can be located. Append only: the order is part of the stored form (`event/stored.ts`). */
export const resourceTypes = [
  'image',
  'volume',
  'snapshot',
  'backup',
  'group',
  'group_snapshot',
  'attachment',
  'transfer',
  'message',
  'task',
] as const
export type ResourceType = (typeof resourceTypes)[number]

export interface ResourceKey {
  readonly type: ResourceType
  readonly id: ResourceId
}

/** The identity provider: the cloud in which Mixmatch runs and users log in. */
export const IDENTITY_PROVIDER = spName('default')

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i

const HYPHENATED = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/

/** Whether the text is a UUID, with or without hyphens, in either case. */
export function isUuid(text: string): boolean {
  return UUID.test(text)
}

export function spName(text: string): SpName {
  return text as SpName
}

export function projectId(text: string): ProjectId {
  return (isUuid(text) ? text.replaceAll('-', '').toLowerCase() : text) as ProjectId
}

export function resourceId(text: string): ResourceId {
  if (HYPHENATED.test(text)) return text as ResourceId
  return (isUuid(text) ? hyphenated(text.replaceAll('-', '').toLowerCase()) : text) as ResourceId
}

export function position(value: number): Position {
  return value as Position
}

export function micros(value: number): Micros {
  return value as Micros
}

/** Whether the text, such as a command-line argument, is a type that can be located. */
export function isResourceType(text: string): text is ResourceType {
  return resourceTypes.some(type => type === text)
}

/** `32 hex digits` → `8-4-4-4-12`. */
export function hyphenated(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
