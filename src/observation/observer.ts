import type { Observation } from './observation.js'
import type { Overlay } from './overlay.js'

/** Publishes the observations of a worker. */
export interface Observer {
  /**
   * Publish an observation: this worker uses it at once, the other workers when it is recorded.
   *
   * @returns whether it was recorded before the timeout. If not, it is recorded later. Never rejects.
   */
  observe(observation: Observation): Promise<boolean>
  /** Call this when an observation is in the views, or was dropped. */
  settle(observation: Observation, isRecorded: boolean): void
}

/** @param send sends an observation to the recorder */
export function createObserver({
  overlay,
  send,
  waitMs,
}: {
  overlay: Overlay
  send: (observation: Observation) => void
  waitMs: number
}): Observer {
  const waiting = new Map<Observation, (isRecorded: boolean) => void>()
  return {
    observe(observation) {
      overlay.add(observation)
      return new Promise(resolve => {
        const timer = setTimeout(done, waitMs, false)
        function done(isRecorded: boolean): void {
          clearTimeout(timer)
          waiting.delete(observation)
          resolve(isRecorded)
        }
        waiting.set(observation, done)
        send(observation)
      })
    },
    settle(observation, isRecorded) {
      overlay.remove(observation)
      waiting.get(observation)?.(isRecorded)
    },
  }
}
