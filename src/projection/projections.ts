import type { Projection } from './projection.js'
import { evidence } from './views/evidence.js'
import { exchanges } from './views/exchanges.js'
import { locations } from './views/locations.js'
import { names } from './views/names.js'
import { placements } from './views/placements.js'

/** All views, in the order of applying. To add one, write a file and its test, and add it here. */
export const projections: readonly Projection[] = [
  names,
  exchanges,
  evidence,
  locations,
  placements,
]

/** Stored with the views. Views with other versions are rebuilt. */
export const versions = JSON.stringify(projections.map(({ name, version }) => [name, version]))
