import { MixmatchError } from '../errors.js'
import type { SpName } from '../ids.js'

/** `warning`: Mixmatch works, but a part of it does not work, or does not work yet. */
export type CheckVerdict = 'ok' | 'warning' | 'failed'

/** The result of the check of one thing that Mixmatch depends on. */
export interface Finding {
  /** The cloud; null for a part of Mixmatch itself. */
  readonly serviceProvider: SpName | null
  /** `event log`, `stream`, `fleet`, `keystone`, `clock`, `login`, `federation`, `catalog`, `image`, `volume`, `network`, `bus`. */
  readonly part: string
  readonly verdict: CheckVerdict
  /** One line: what was found and, if it is not ok, what to do. */
  readonly found: string
}

/** The result of one check, without its cloud and part. */
export type CheckResult = Pick<Finding, 'verdict' | 'found'>

export const ok = (found: string): CheckResult => ({ verdict: 'ok', found })
export const warning = (found: string): CheckResult => ({ verdict: 'warning', found })
export const failed = (found: string): CheckResult => ({ verdict: 'failed', found })

/** A MixmatchError becomes a failed check. Any other error is thrown again. */
export function failureOf(error: unknown): CheckResult {
  if (error instanceof MixmatchError) return failed(error.message)
  throw error
}
