import type { Observation } from './observation.js'
import type { Overlay } from './overlay.js'

/** A worker's way of making observations known. */
export interface Observer {
  /**
   * Make an observation known: to this worker at once, to the others once it is recorded.
   *
   * @returns whether it was recorded within the time that a client may be kept waiting for it. If it
   *   was not, it is still handed on. Never rejects.
   */
  observe(observation: Observation): Promise<boolean>
  /** Called when the recorder has an observation, so that the views tell it, or when it was given up. */
  settle(observation: Observation, isRecorded: boolean): void
}

/** @param send hands an observation on to the recorder */
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
