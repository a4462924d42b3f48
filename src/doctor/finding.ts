import { MixmatchError } from '../errors.js'
import type { SpName } from '../ids.js'

/** `warning`: Mixmatch works, but not all of it, or not yet. */
export type Verdict = 'ok' | 'warning' | 'failed'

/** What was found of one thing that Mixmatch depends on. */
export interface Finding {
  /** Whose it is; null for what is Mixmatch's own. */
  readonly serviceProvider: SpName | null
  /** `event log`, `keystone`, `clock`, `login`, `federation`, `catalog`, `image`, `volume`, `bus`. */
  readonly part: string
  readonly verdict: Verdict
  /** One line: what was found and, unless it is well, what to do. */
  readonly found: string
}

/** What one look tells, before anybody says of what. */
export type Look = Pick<Finding, 'verdict' | 'found'>

export const ok = (found: string): Look => ({ verdict: 'ok', found })
export const warning = (found: string): Look => ({ verdict: 'warning', found })
export const failed = (found: string): Look => ({ verdict: 'failed', found })

/** What was foreseen going wrong is what was found; anything else falls through. */
export function failureOf(error: unknown): Look {
  if (error instanceof MixmatchError) return failed(error.message)
  throw error
}
