import type { ResourceType } from '../ids.js'
import type { Pointer } from '../json.js'

/** The first segment of a request path, and the values of `enabled_services`. */
export const serviceNames = ['image', 'volume'] as const
export type ServiceName = (typeof serviceNames)[number]

/** What is specific to one OpenStack service, as data. The code that reads it is the same for all services. */
export interface Service {
  readonly name: ServiceName
  /** Types of its endpoint in a Keystone catalog, the most specific first. */
  readonly catalogTypes: readonly string[]
  /** The API version that every cloud has. If a cloud has no older ones, all their paths get 404. */
  readonly version: string
  /** Whether a project may stand between the version and the collection: `/v3/{project}/volumes`. */
  readonly projectInPath: boolean
  /** Another path for the version documents at its root; null if there is none. */
  readonly rootAlias: string | null
  /** Whether `links` in its responses are complete URLs, not paths that clients complete. */
  readonly absoluteLinks: boolean
  /** By their segment of the path. A resource is read by id in the first collection that holds its type. */
  readonly collections: Readonly<Record<string, Collection>>
  /** Collections that exist separately in every cloud. Nothing in them is located or searched for. */
  readonly local: readonly string[]
}

/** A segment of the path, and what can follow it. */
export interface Collection {
  /** The type of its resources; null if they cannot be located. */
  readonly holds: ResourceType | null
  /** The number of segments between collection and id: 1 in `stores/{store}/{id}`; 0 if absent. */
  readonly idAfter?: number
  /**
   * Words in the place of an id. A `list` is another form of the collection; a `sum` has numbers that can
   * be added over several clouds.
   */
  readonly words?: Readonly<Record<string, 'list' | 'sum' | 'call'>>
  /** The microversion that introduced it. With a lower one, all its paths get 404. */
  readonly since?: string
  /** The name of the array in a list; absent if lists of several clouds cannot be merged. */
  readonly envelope?: string
  /** The requests whose body or response matters, by method and path below: `POST /{id}/action`. */
  readonly requests?: Readonly<Record<string, RequestRule>>
}

/** A request whose body decides the cloud, or whose response names a new resource. */
export interface RequestRule {
  /** The name of the new resource, which may choose the cloud: `disk@sp1`. Only if any cloud can hold it. */
  readonly name?: Pointer
  readonly references?: readonly Reference[]
  readonly creates?: CreatedResource
}

/** A field that names a resource without which the request fails. So the request must go to its cloud. */
export interface Reference {
  readonly type: ResourceType
  /** An id, an array of ids, or ids separated by commas. */
  readonly at: Pointer
}

/** Where a successful response names the new resource. */
interface CreatedResource {
  readonly type: ResourceType
  readonly id: Pointer
  /** Its owner; absent if that is the project of the token. */
  readonly project?: Pointer
  /** The resource from which it was made. Both change their owner together. */
  readonly parent?: Pointer
}
