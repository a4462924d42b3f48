import { MixmatchError } from '../errors.js'
import type { SpName } from '../ids.js'

/** `warning`: Mixmatch works, but not all of it, or not yet. */
export type CheckVerdict = 'ok' | 'warning' | 'failed'

/** What was found of one thing that Mixmatch depends on. */
export interface Finding {
  /** The cloud; null for a part of Mixmatch itself. */
  readonly serviceProvider: SpName | null
  /** `event log`, `keystone`, `clock`, `login`, `federation`, `catalog`, `image`, `volume`, `network`, `bus`. */
  readonly part: string
  readonly verdict: CheckVerdict
  /** One line: what was found and, unless it is well, what to do. */
  readonly found: string
}

/** The result of one check, before it is said of which part. */
export type CheckResult = Pick<Finding, 'verdict' | 'found'>

export const ok = (found: string): CheckResult => ({ verdict: 'ok', found })
export const warning = (found: string): CheckResult => ({ verdict: 'warning', found })
export const failed = (found: string): CheckResult => ({ verdict: 'failed', found })

/** What was foreseen going wrong is what was found; anything else falls through. */
export function failureOf(error: unknown): CheckResult {
  if (error instanceof MixmatchError) return failed(error.message)
  throw error
}
