import type { ResourceId, ResourceType } from '../ids.js'
import type { ServiceName } from '../service/service.js'

/**
 * A request path, split where routing reads it. Joined again it gives every byte that came:
 * `/${service}[/${version}][/${projectSegment}]${rest}${query}`.
 */
export interface ParsedPath {
  readonly service: ServiceName
  /** `v3`; null in version documents of the whole service. */
  readonly version: string | null
  /** The project as it came, null where the path has none. */
  readonly projectSegment: string | null
  /** `volumes`; null where the path ends before. */
  readonly collection: string | null
  readonly target: Target
  /** What follows version and project, raw: `/volumes/{id}/action`, `/`, or nothing. */
  readonly rest: string
  /** With its question mark, or empty. */
  readonly query: string
}

/** What a path speaks of. */
export type Target =
  /** Which versions there are, as clients ask before they have a token. */
  | { readonly kind: 'discovery' }
  /** The whole collection; `word` is what stands in place of an id, as in `volumes/detail`. */
  | { readonly kind: 'collection'; readonly type: ResourceType; readonly word: string | null }
  /** One resource, or with a `tail` (raw, `/action`) something of it. */
  | {
      readonly kind: 'resource'
      readonly type: ResourceType
      readonly id: ResourceId
      readonly tail: string
    }
  /** Something that every cloud has its own of, or that we do not know. */
  | { readonly kind: 'local' }
