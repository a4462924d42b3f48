import type { Row } from '../row.js'
import { forward } from './forward.js'
import { hangUps } from './hang-ups.js'
import { large, offload } from './large.js'
import { lists } from './lists.js'
import { recording } from './recording.js'
import { clouds, resources, workers } from './scale.js'
import { start } from './start.js'

/** In the order of the table. */
export const rows: readonly Row[] = [
  forward,
  resources,
  clouds,
  workers,
  large,
  offload,
  recording,
  start,
  lists,
  hangUps,
]
