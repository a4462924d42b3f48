/** A timer for something that should keep moving. */
export interface Watch {
  /** From now on, no more than so many milliseconds may pass without a `touch`; 0 for no limit. */
  start(ms: number): void
  touch(): void
  stop(): void
}

export function createWatch(onIdle: () => void): Watch {
  let timer: NodeJS.Timeout | undefined
  return {
    start(ms) {
      clearTimeout(timer)
      timer = ms > 0 ? setTimeout(onIdle, ms) : undefined
    },
    touch: () => timer?.refresh(),
    stop() {
      clearTimeout(timer)
      timer = undefined
    },
  }
}
