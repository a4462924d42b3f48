import type { SpName } from '../ids.js'

/** `trial`: after a while one request may ask again a cloud that has failed time and again. */
type Admission = 'admitted' | 'trial' | 'refused'

/** Which clouds are not worth waiting for at the moment. */
export interface Breaker {
  /** Whether a request may ask the cloud. Taking a trial keeps the next one for later. */
  admit(cloud: SpName): Admission
  /** Whether the cloud has failed time and again, and not succeeded since. */
  isFailing(cloud: SpName): boolean
  succeeded(cloud: SpName): void
  /** @param begun when the work began that failed: not counted where the cloud has succeeded since */
  failed(cloud: SpName, begun?: number): void
  /** Those for which it is open. Looking takes nobody's turn to try again. */
  openFor(): readonly SpName[]
}

const FAILURES = 3
/** After this one request may try again, and its failure keeps the others away for as long again. */
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
    openFor: () =>
      [...failures].flatMap(([cloud, { count, retryAt }]) =>
        count >= FAILURES && now() < retryAt ? [cloud] : [],
      ),
  }
}
