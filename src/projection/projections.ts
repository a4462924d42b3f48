import type { Projection } from './projection.js'
import { evidence } from './views/evidence.js'
import { exchanges } from './views/exchanges.js'
import { locations } from './views/locations.js'
import { names } from './views/names.js'
import { placements } from './views/placements.js'

/** Every view, in the order in which they are applied. A new one is a file, its test, and a word here. */
export const projections: readonly Projection[] = [
  names,
  exchanges,
  evidence,
  locations,
  placements,
]

/** What views were built by: others are rebuilt. */
export const versions = JSON.stringify(projections.map(({ name, version }) => [name, version]))
