import type { RouterContext } from 'koa-router'
import type { Micros } from '../../src/ids.js'
import type { Afterwards } from '../background-jobs.js'
import type { ServiceState } from '../http-service.js'
import type { CinderNews } from './cinder-news.js'
import type { Snapshot } from './cinder-snapshot.js'
import type { Volume } from './cinder-volume.js'

/** What Cinder's handlers know of the request in hand. */
export interface CinderState extends ServiceState {
  /** Where links begin: `http://127.0.0.1:8776/volume/v3/<project>`, the project only if it was said. */
  base: string
  /** The N of microversion 3.N. */
  minor: number
}

export type CinderContext = RouterContext<CinderState>

/** What one Cinder keeps, and what it works with. */
export interface CinderParts {
  readonly volumes: Map<string, Volume>
  readonly snapshots: Map<string, Snapshot>
  readonly news: CinderNews
  readonly afterwards: Afterwards
  readonly now: () => Micros
}
