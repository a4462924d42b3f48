import type { Position, ProjectId, ResourceId, ResourceType, SpName } from '../ids.js'

/** A cloud that holds a resource, according to the log. */
export interface Place {
  readonly serviceProvider: SpName
  /** The owner at that cloud; null if no event named one. */
  readonly project: ProjectId | null
  /** The newest event about the resource at that cloud. */
  readonly position: Position
}

/**
 * Find the places of a resource: usually one, none if unknown, several in a conflict. Requests go to
 * the first: the identity provider, otherwise the first cloud that held the resource.
 */
export type Locate = (type: ResourceType, id: ResourceId) => readonly Place[]

/** What the log knows about an id from other sources than the notifications of clouds. */
export interface Evidence {
  readonly absent: readonly Absence[]
  /** Clouds where a user's read found it. */
  readonly found: readonly SpName[]
  /** Clouds where it is according to an import of the operator. */
  readonly imported: readonly SpName[]
}

/** A cloud that does not hold a resource. */
interface Absence {
  readonly serviceProvider: SpName
  /** At the identity provider: the project that cannot see it. Null if it is absent for all projects. */
  readonly project: ProjectId | null
}

export type FindEvidence = (type: ResourceType, id: ResourceId) => Evidence

export const noEvidence: Evidence = { absent: [], found: [], imported: [] }
