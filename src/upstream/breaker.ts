import type { SpName } from '../ids.js'

/** `trial`: after a pause, one request may try a failing cloud again. */
type Admission = 'admitted' | 'trial' | 'refused'

/** A circuit breaker for clouds: keeps lists and searches from waiting for a failing cloud. */
export interface Breaker {
  /** Whether a request may go to the cloud. After an admitted trial, the pause begins again. */
  admit(cloud: SpName): Admission
  /** Whether the cloud has failed three times in a row. */
  isFailing(cloud: SpName): boolean
  succeeded(cloud: SpName): void
  /** @param begun when the failed request began: if the cloud has succeeded since, the failure does not count */
  failed(cloud: SpName, begun?: number): void
  /** The failing clouds that get no requests now. */
  openClouds(): readonly SpName[]
}

const FAILURES = 3
/** The time between a failure and the next trial. */
const PAUSE_MS = 10_000

/** `now` in milliseconds of a clock that never goes back. */
export function createBreaker(now: () => number): Breaker {
  const failures = new Map<SpName, { count: number; retryAt: number }>()
  const successes = new Map<SpName, number>()
  const isFailing = (cloud: SpName) => (failures.get(cloud)?.count ?? 0) >= FAILURES
  return {
    isFailing,
    admit(cloud) {
      const state = failures.get(cloud)
      if (!state || !isFailing(cloud)) return 'admitted'
      if (now() < state.retryAt) return 'refused'
      state.retryAt = now() + PAUSE_MS
      return 'trial'
    },
    succeeded(cloud) {
      failures.delete(cloud)
      successes.set(cloud, now())
    },
    failed(cloud, begun = now()) {
      if ((successes.get(cloud) ?? Number.NEGATIVE_INFINITY) > begun) return
      const count = (failures.get(cloud)?.count ?? 0) + 1
      failures.set(cloud, { count, retryAt: now() + PAUSE_MS })
    },
    openClouds: () =>
      [...failures].flatMap(([cloud, { count, retryAt }]) =>
        count >= FAILURES && now() < retryAt ? [cloud] : [],
      ),
  }
}
