import type { Position, ProjectId, ResourceKey, SpName } from '../ids.js'

/**
 * Why a request goes where it goes; the access log, `explain`, metrics and replay print these words.
 *
 * - `asked`: the user named the cloud in MM-SERVICE-PROVIDER.
 * - `named`: the new resource is called `name@cloud`.
 * - `located`: the resource in the path is there.
 * - `conflict`: several clouds hold it, and this is the preferred one.
 * - `referred`: the body refers to a resource that is there.
 * - `list`: a list of the resources in all clouds, or a sum over them.
 * - `versions`: version documents, merged from those of all clouds.
 * - `unknown`: the location of the resource is unknown, so it is searched for.
 * - `local`: version documents, and collections that exist separately in every cloud.
 * - `default`: no other rule applies.
 */
export const reasons = [
  'asked',
  'named',
  'located',
  'conflict',
  'referred',
  'list',
  'versions',
  'unknown',
  'local',
  'default',
] as const
type Reason = (typeof reasons)[number]

/** Where a request goes, and why. */
export type Decision = SingleCloud | Search | Aggregate

/** The request goes to one cloud. */
export interface SingleCloud {
  readonly kind: 'one'
  readonly to: SpName
  readonly because: Exclude<Reason, 'unknown'>
  /** The resource that is known to be there: the one in the path, or one that the body refers to. */
  readonly resource: ResourceKey | null
  /** Its project at that cloud, if the log has it. */
  readonly owner: ProjectId | null
  /** The newest event that shows that it is there. */
  readonly restsOn: Position | null
  /**
   * Nearer clouds that must be asked for `resource` before anything is sent. Only a service provider
   * claims to hold it, and the log does not show that these clouds do not hold it. Never empty.
   */
  readonly askFirst?: readonly SpName[]
}

/** A decision that nearer clouds must confirm before anything is sent. */
export interface Unconfirmed extends SingleCloud {
  readonly resource: ResourceKey
  readonly askFirst: readonly SpName[]
}

export function isUnconfirmed(decision: Decision): decision is Unconfirmed {
  return decision.kind === 'one' && decision.askFirst !== undefined
}

/** The clouds are searched for `resource`, and the request goes to the first one that holds it. */
export interface Search {
  readonly kind: 'search'
  /** The identity provider first; never empty. */
  readonly among: readonly SpName[]
  readonly because: 'unknown'
  /** The resource to find: the one in the path, or one that the body refers to. */
  readonly resource: ResourceKey
  /**
   * Whether the request only reads the resource. In both cases a read locates the resource first, and the
   * request is sent once. A write is rejected if a cloud that may hold the resource does not respond.
   */
  readonly readOnly: boolean
}

/** Several clouds are asked, and their responses become one. */
export type Aggregate = AggregateOf &
  Readonly<{
    kind: 'aggregate'
    /** The identity provider first; at least two, or none for an empty list. */
    among: readonly SpName[]
  }>

type AggregateOf =
  /** A list; `envelope` is the name of its array: `volumes`. */
  | { readonly because: 'list'; readonly form: 'list'; readonly envelope: string }
  | { readonly because: 'list'; readonly form: 'sum' }
  /** The versions that all these clouds have. */
  | { readonly because: 'versions'; readonly form: 'versions' }

/** The decision as a sentence: `located: sp1 holds image 3f…, says event 4182`. */
export function describeDecision(decision: Decision): string {
  return `${decision.because}: ${describeRoute(decision)}`
}

/** The condition of the decision, as sentences; null if there is none. */
export function describeCondition(decision: Decision): string | null {
  if (!isUnconfirmed(decision)) return null
  const clouds = joinNames(decision.askFirst)
  return (
    `Only ${decision.to} says so, and the log does not know whether ${clouds} holds it: ${clouds} is ` +
    "asked first, once for each project, with the user's token. Where the answer is not 404, " +
    `nothing goes to ${decision.to}.`
  )
}

function describeRoute(decision: Decision): string {
  switch (decision.kind) {
    case 'one':
      return describeSingleCloud(decision)
    case 'search':
      return decision.readOnly
        ? `nothing tells where ${nameResource(decision.resource)} lives: ${joinNames(decision.among)} are asked in turn`
        : `nothing tells where ${nameResource(decision.resource)} lives: it is looked for at ${joinNames(decision.among)}, then the request is sent once`
    case 'aggregate':
      return describeAggregate(decision)
  }
}

function describeSingleCloud({ to, because, resource, restsOn }: SingleCloud): string {
  switch (because) {
    case 'asked':
      return `MM-SERVICE-PROVIDER asks for ${to}`
    case 'named':
      return `the new name ends in @${to}`
    case 'located':
      return `${to} holds ${nameResource(resource)}${citeEvent(restsOn)}`
    case 'conflict':
      return `several clouds hold ${nameResource(resource)}, and ${to} is preferred${citeEvent(restsOn)}`
    case 'referred':
      return `the body refers to ${nameResource(resource)}, which ${to} holds${citeEvent(restsOn)}`
    case 'list':
      return `${to} is the only cloud to list`
    case 'local':
      return `every cloud has its own of this, and it goes to ${to}`
    case 'versions':
      return `${to} is the only cloud that has the service`
    case 'default':
      return `nothing says otherwise, so it goes to ${to}`
  }
}

function nameResource(resource: ResourceKey | null): string {
  return resource ? `${resource.type} ${resource.id}` : 'it'
}

function describeAggregate(decision: Aggregate): string {
  const clouds = joinNames(decision.among)
  switch (decision.form) {
    case 'list':
      return decision.among.length === 0
        ? 'the service is enabled nowhere, so the list is empty'
        : `${decision.envelope} of ${clouds} are merged`
    case 'sum':
      return `what ${clouds} sum up is added up`
    case 'versions':
      return `${clouds} are told of together`
  }
}

function citeEvent(position: Position | null): string {
  return position === null ? '' : `, says event ${position}`
}

function joinNames(clouds: readonly SpName[]): string {
  return clouds.join(', ')
}
