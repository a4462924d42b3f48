import type { Position, ProjectId, ResourceId, ResourceType, SpName } from '../ids.js'

/** One cloud that holds a resource, as the log has it. */
export interface Place {
  readonly serviceProvider: SpName
  /** The owner at that cloud; null where nothing said it. */
  readonly project: ProjectId | null
  /** The newest event that this rests on. */
  readonly position: Position
}

/**
 * Where a resource is: most often one place, none when unknown, several in a conflict. The
 * first is the one to route to: the identity provider, else the first to have held it.
 */
export type Locate = (type: ResourceType, id: ResourceId) => readonly Place[]

/** What the log knows about an id besides what clouds say of themselves. */
export interface Evidence {
  readonly absent: readonly Absence[]
  /** Clouds at which a user's read has found it. */
  readonly found: readonly SpName[]
  /** Clouds that the operator said it is at, with an import. */
  readonly imported: readonly SpName[]
}

/** A cloud that does not hold a resource. */
interface Absence {
  readonly serviceProvider: SpName
  /** Of the identity provider: as far as this project can see. null: whoever looks. */
  readonly project: ProjectId | null
}

export type FindEvidence = (type: ResourceType, id: ResourceId) => Evidence

export const noEvidence: Evidence = { absent: [], found: [], imported: [] }
