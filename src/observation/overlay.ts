import { IDENTITY_PROVIDER, position, type ResourceKey } from '../ids.js'
import type { FindEvidence, Locate, Place } from '../projection/place.js'
import type { Observation } from './observation.js'

/** What one worker knows already and the view does not yet, for the milliseconds in between. */
export interface Overlay {
  readonly locate: Locate
  readonly evidence: FindEvidence
  add(observation: Observation): void
  /** The recorder has it: from here on the view tells. */
  remove(observation: Observation): void
}

/** Lay what was just observed over the view, so that a GET right after a POST goes to the right cloud. */
export function createOverlay(view: {
  readonly locate: Locate
  readonly evidence: FindEvidence
}): Overlay {
  const fresh = new Map<string, Set<Observation>>()
  const freshOf = (resource: ResourceKey): Iterable<Observation> =>
    fresh.size === 0 ? [] : (fresh.get(keyOf(resource)) ?? [])
  return {
    locate(type, id) {
      let places = view.locate(type, id)
      for (const observation of freshOf({ type, id })) places = placesAfter(observation, places)
      return places
    },
    evidence(type, id) {
      const told = view.evidence(type, id)
      const observed = [...freshOf({ type, id })]
      if (observed.length === 0) return told
      const absent = observed
        .filter(({ learned }) => learned === 'absent')
        .map(({ serviceProvider, project }) => ({ serviceProvider, project }))
      const found = observed
        .filter(({ learned }) => learned === 'found')
        .map(({ serviceProvider }) => serviceProvider)
      return {
        ...told,
        absent: [...told.absent, ...absent],
        found: [...told.found, ...found],
      }
    },
    add(observation) {
      const key = keyOf(observation.resource)
      fresh.set(key, (fresh.get(key) ?? new Set()).add(observation))
    },
    remove(observation) {
      const key = keyOf(observation.resource)
      const observations = fresh.get(key)
      if (observations?.delete(observation) && observations.size === 0) fresh.delete(key)
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
