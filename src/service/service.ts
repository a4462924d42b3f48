import type { ResourceType } from '../ids.js'
import type { Pointer } from '../json.js'

/** What a request path begins with, and what `enabled_services` lists. */
export const serviceNames = ['image', 'volume'] as const
export type ServiceName = (typeof serviceNames)[number]

/** What is particular to one OpenStack service, as data: the code that reads it knows no service. */
export interface Service {
  readonly name: ServiceName
  /** Types of its endpoint in a Keystone catalog, the most telling first. */
  readonly catalogTypes: readonly string[]
  /** The API version that every cloud has. Where older ones are gone, all their paths answer 404. */
  readonly version: string
  /** Whether a project may stand between the version and the collection: `/v3/{project}/volumes`. */
  readonly projectInPath: boolean
  /** Whether `links` in its answers are whole URLs. Glance writes paths, which clients complete. */
  readonly absoluteLinks: boolean
  /** By their segment of the path. The first to hold a type is where one of it is read by id. */
  readonly collections: Readonly<Record<string, Collection>>
  /** Collections that every cloud has its own of: nothing in them is located or searched for. */
  readonly local: readonly string[]
}

/** One segment of the path and what can stand below it. */
export interface Collection {
  /** What its ids name; null where they name nothing that can be located. */
  readonly holds: ResourceType | null
  /** How many segments stand between the collection and the id: 1 in `stores/{store}/{id}`; 0 if absent. */
  readonly idAfter?: number
  /**
   * Words that stand where an id could. A `list` shows the collection itself in another form, a `sum`
   * numbers that add up over several clouds.
   */
  readonly words?: Readonly<Record<string, 'list' | 'sum' | 'call'>>
  /** The microversion that brought it: below that, whatever is in it answers 404. */
  readonly since?: string
  /** The name of the array in a list; absent where lists of several clouds cannot be merged. */
  readonly envelope?: string
  /** Requests whose body or answer matters, by method and path below the collection: `POST /{id}/action`. */
  readonly requests?: Readonly<Record<string, RequestRule>>
}

/** A request with a body that binds it to a cloud, or with an answer that names something new. */
export interface RequestRule {
  /** Where a name stands that may choose the cloud: `disk@sp1`. Only where placement is free. */
  readonly name?: Pointer
  readonly references?: readonly Reference[]
  readonly creates?: CreatedResource
}

/** A field of the request that names a resource, without which the request fails in any other cloud. */
export interface Reference {
  readonly type: ResourceType
  /** One id, an array of ids, or ids with commas between them. */
  readonly at: Pointer
}

/** What a successful answer says of the new resource. */
export interface CreatedResource {
  readonly type: ResourceType
  readonly id: Pointer
  /** Its owner; where the answer does not say, the project of the token that it was made with. */
  readonly project?: Pointer
  /** What it was made from and moves with. */
  readonly parent?: Pointer
}
