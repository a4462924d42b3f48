import type { SpName } from '../ids.js'

/** Which clouds are not worth waiting for at the moment. */
export interface Breaker {
  /** Whether the cloud has failed time and again, and that not long ago. */
  isOpen(cloud: SpName): boolean
  succeeded(cloud: SpName): void
  failed(cloud: SpName): void
  /** Those for which it is open. Looking takes nobody's turn to try again. */
  openFor(): readonly SpName[]
}

const FAILURES = 3
/** After this one request may try again, and its failure keeps the others away for as long again. */
const PAUSE_MS = 30_000

/** `now` in milliseconds of a clock that never goes back. */
export function createBreaker(now: () => number): Breaker {
  const failures = new Map<SpName, { count: number; retryAt: number }>()
  return {
    isOpen(cloud) {
      const state = failures.get(cloud)
      if (!state || state.count < FAILURES) return false
      if (now() < state.retryAt) return true
      state.retryAt = now() + PAUSE_MS
      return false
    },
    succeeded: cloud => void failures.delete(cloud),
    failed(cloud) {
      const count = (failures.get(cloud)?.count ?? 0) + 1
      failures.set(cloud, { count, retryAt: now() + PAUSE_MS })
    },
    openFor: () =>
      [...failures].flatMap(([cloud, { count, retryAt }]) =>
        count >= FAILURES && now() < retryAt ? [cloud] : [],
      ),
  }
}
