import { until } from '../until.js'

/**
 * As `until`, for two minutes: services on a loaded machine are slow. Each try runs a command or sends a request,
 * so there are only four in a second.
 */
export function untilInLab(what: string, holds: () => Promise<boolean>): Promise<void> {
  return until(what, holds, 120_000, 250)
}
