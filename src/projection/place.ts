import type { Position, ProjectId, ResourceId, ResourceType, SpName } from '../ids.js'

/** One cloud that holds a resource, as the log tells it. */
export interface Place {
  readonly serviceProvider: SpName
  /** The owner at that cloud; null where nothing said it. */
  readonly project: ProjectId | null
  /** The newest event that this rests on. */
  readonly position: Position
}

/**
 * Where a resource lives: most often one place, none when unknown, several in a conflict. The
 * first is the one to route to: the identity provider, else the first to have held it.
 */
export type Locate = (type: ResourceType, id: ResourceId) => readonly Place[]
