import { IDENTITY_PROVIDER, position, type ResourceKey } from '../ids.js'
import type { FindEvidence, Locate, Place } from '../projection/place.js'
import type { Observation } from './observation.js'

/** The observations of this worker that the views do not contain yet. */
export interface Overlay {
  readonly locate: Locate
  readonly evidence: FindEvidence
  add(observation: Observation): void
  /** Call this when the views contain the observation. */
  remove(observation: Observation): void
}

/** Put new observations on top of the views, so that a GET right after a POST goes to the right cloud. */
export function createOverlay(view: {
  readonly locate: Locate
  readonly evidence: FindEvidence
}): Overlay {
  const observations = new Map<string, Set<Observation>>()
  const observationsOf = (resource: ResourceKey): Iterable<Observation> =>
    observations.get(keyOf(resource)) ?? []
  return {
    locate(type, id) {
      let places = view.locate(type, id)
      for (const observation of observationsOf({ type, id }))
        places = placesAfter(observation, places)
      return places
    },
    evidence(type, id) {
      const recorded = view.evidence(type, id)
      const observed = [...observationsOf({ type, id })]
      if (observed.length === 0) return recorded
      const absent = observed
        .filter(({ learned }) => learned === 'absent')
        .map(({ serviceProvider, project }) => ({ serviceProvider, project }))
      const found = observed
        .filter(({ learned }) => learned === 'found')
        .map(({ serviceProvider }) => serviceProvider)
      return {
        ...recorded,
        absent: [...recorded.absent, ...absent],
        found: [...recorded.found, ...found],
      }
    },
    add(observation) {
      const key = keyOf(observation.resource)
      observations.set(key, (observations.get(key) ?? new Set()).add(observation))
    },
    remove(observation) {
      const key = keyOf(observation.resource)
      const remaining = observations.get(key)
      if (remaining?.delete(observation) && remaining.size === 0) observations.delete(key)
    },
  }
}

function placesAfter(
  { learned, serviceProvider, project }: Observation,
  places: readonly Place[],
): readonly Place[] {
  if (learned === 'absent') return places
  if (learned === 'missing') {
    return places.filter(place => place.serviceProvider !== serviceProvider)
  }
  if (places.some(place => place.serviceProvider === serviceProvider)) return places
  const place = { serviceProvider, project, position: position(0) }
  return serviceProvider === IDENTITY_PROVIDER ? [place, ...places] : [...places, place]
}

function keyOf({ type, id }: ResourceKey): string {
  return `${type}/${id}`
}
