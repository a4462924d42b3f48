import type { Row } from '../row.js'
import { forward } from './forward.js'
import { large, offload } from './large.js'
import { clouds, resources, workers } from './scale.js'

/** In the order of the table. */
export const rows: readonly Row[] = [forward, resources, clouds, workers, large, offload]
