import { position, type ResourceKey } from '../ids.js'
import type { Locate } from '../projection/place.js'
import type { Observation } from './observation.js'

/** What one worker knows already and the view does not yet, for the milliseconds in between. */
export interface Overlay {
  readonly locate: Locate
  add(observation: Observation): void
  /** The recorder has it: from here on the view tells. */
  remove(observation: Observation): void
}

/** Lay what was just observed over the view, so that a GET right after a POST goes to the right cloud. */
export function createOverlay(view: Locate): Overlay {
  const fresh = new Map<string, Observation>()
  return {
    locate(type, id) {
      const places = view(type, id)
      const seen = fresh.size === 0 ? undefined : fresh.get(keyOf({ type, id }))
      if (!seen) return places
      const { serviceProvider, project } = seen
      if (seen.learned === 'missing') {
        return places.filter(place => place.serviceProvider !== serviceProvider)
      }
      if (places.some(place => place.serviceProvider === serviceProvider)) return places
      return [...places, { serviceProvider, project, position: position(0) }]
    },
    add(observation) {
      fresh.set(keyOf(observation.resource), observation)
    },
    remove(observation) {
      const key = keyOf(observation.resource)
      if (fresh.get(key) === observation) fresh.delete(key)
    },
  }
}

function keyOf({ type, id }: ResourceKey): string {
  return `${type}/${id}`
}
