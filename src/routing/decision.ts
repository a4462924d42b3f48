import type { Position, ProjectId, ResourceKey, SpName } from '../ids.js'

/**
 * Why a request goes where it goes; the access log, `explain`, metrics and replay print these words.
 *
 * - `asked`: the user named the cloud in MM-SERVICE-PROVIDER.
 * - `named`: the new resource is called `name@cloud`.
 * - `located`: the resource in the path is there.
 * - `conflict`: several clouds hold it, and this is the preferred one.
 * - `referred`: the body refers to a resource that is there.
 * - `list`: a list of what all clouds hold, or the sum of it.
 * - `versions`: version documents, which speak for all clouds.
 * - `unknown`: nothing tells where the resource is, so it is searched for.
 * - `local`: version documents, and collections that every cloud has its own of.
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
export type Reason = (typeof reasons)[number]

/** Where a request goes, and why. */
export type Decision = One | Search | Aggregate

/** To one cloud. */
export interface One {
  readonly kind: 'one'
  readonly to: SpName
  readonly because: Exclude<Reason, 'unknown'>
  /** What is known to live there: the resource in the path, or one that the body refers to. */
  readonly resource: ResourceKey | null
  /** Its project at that cloud, where the log says it. */
  readonly owner: ProjectId | null
  /** The newest event that its place rests on. */
  readonly restsOn: Position | null
  /**
   * Nearer clouds that have to be asked for `resource` before anything is sent: it rests on the word of
   * a service provider alone, and the log does not know that they do not hold it. Never empty.
   */
  readonly askFirst?: readonly SpName[]
}

/** One that has to be confirmed by nearer clouds before anything is sent. */
export interface Unconfirmed extends One {
  readonly resource: ResourceKey
  readonly askFirst: readonly SpName[]
}

export function isUnconfirmed(decision: Decision): decision is Unconfirmed {
  return decision.kind === 'one' && decision.askFirst !== undefined
}

/** To the first of several clouds that turns out to hold `resource`. */
export interface Search {
  readonly kind: 'search'
  /** The identity provider first; never empty. */
  readonly among: readonly SpName[]
  readonly because: 'unknown'
  /** What to look for: the resource in the path, or the one that the body refers to. */
  readonly resource: ResourceKey
  /**
   * Whether the request itself may be tried in turn. Otherwise the resource is located with a read,
   * and then the request is sent once.
   */
  readonly readOnly: boolean
}

/** Asked of several clouds, whose answers become one. */
export type Aggregate = AggregateOf &
  Readonly<{
    kind: 'aggregate'
    /** The identity provider first; at least two, or none, for a list of nothing. */
    among: readonly SpName[]
  }>

type AggregateOf =
  /** A list of all; `envelope` is the name of the array in each cloud's answer: `volumes`. */
  | { readonly because: 'list'; readonly form: 'list'; readonly envelope: string }
  | { readonly because: 'list'; readonly form: 'sum' }
  /** What all of them have. */
  | { readonly because: 'versions'; readonly form: 'versions' }

/** The decision as one sentence for people: `located: sp1 holds image 3f…, says event 4182`. */
export function describe(decision: Decision): string {
  return `${decision.because}: ${sentence(decision)}`
}

/** Under what condition the decision holds, as a sentence; null where it simply does. */
export function describeCondition(decision: Decision): string | null {
  if (!isUnconfirmed(decision)) return null
  const clouds = listed(decision.askFirst)
  return (
    `Only ${decision.to} says so, and the log does not know whether ${clouds} holds it: ${clouds} is ` +
    "asked first, once for each project, with the user's token. Where the answer is not 404, " +
    `nothing goes to ${decision.to}.`
  )
}

function sentence(decision: Decision): string {
  switch (decision.kind) {
    case 'one':
      return sentenceOfOne(decision)
    case 'search':
      return decision.readOnly
        ? `nothing tells where ${named(decision.resource)} lives: ${listed(decision.among)} are asked in turn`
        : `nothing tells where ${named(decision.resource)} lives: it is looked for at ${listed(decision.among)}, then the request is sent once`
    case 'aggregate':
      return sentenceOfAggregate(decision)
  }
}

function sentenceOfOne({ to, because, resource, restsOn }: One): string {
  switch (because) {
    case 'asked':
      return `MM-SERVICE-PROVIDER asks for ${to}`
    case 'named':
      return `the new name ends in @${to}`
    case 'located':
      return `${to} holds ${named(resource)}${evidence(restsOn)}`
    case 'conflict':
      return `several clouds hold ${named(resource)}, and ${to} is preferred${evidence(restsOn)}`
    case 'referred':
      return `the body refers to ${named(resource)}, which ${to} holds${evidence(restsOn)}`
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

function named(resource: ResourceKey | null): string {
  return resource ? `${resource.type} ${resource.id}` : 'it'
}

function sentenceOfAggregate(decision: Aggregate): string {
  const clouds = listed(decision.among)
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

function evidence(position: Position | null): string {
  return position === null ? '' : `, says event ${position}`
}

function listed(clouds: readonly SpName[]): string {
  return clouds.join(', ')
}
