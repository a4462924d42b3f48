import type { RouterContext } from 'koa-router'
import type { Micros } from '../../src/ids.js'
import type { BackgroundJobs } from '../background-jobs.js'
import type { ServiceState } from '../http-service.js'
import type { CinderNotifier } from './cinder-notifications.js'
import type { Snapshot } from './cinder-snapshot.js'
import type { Volume } from './cinder-volume.js'

/** The state of a request in Cinder. */
export interface CinderState extends ServiceState {
  /** The base of links: `http://127.0.0.1:8776/volume/v3/<project>`; without project if the path had none. */
  base: string
  /** The N of microversion 3.N. */
  minor: number
}

export type CinderContext = RouterContext<CinderState>

/** The stored resources of one Cinder, and its tools. */
export interface CinderParts {
  readonly volumes: Map<string, Volume>
  readonly snapshots: Map<string, Snapshot>
  readonly notifier: CinderNotifier
  readonly jobs: BackgroundJobs
  readonly now: () => Micros
}
