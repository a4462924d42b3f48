/** A timer that fires when something has not moved for too long. */
export interface IdleTimer {
  /** Fire once `ms` milliseconds pass without a `touch`; 0 for never. */
  start(ms: number): void
  touch(): void
  stop(): void
}

export function createIdleTimer(onIdle: () => void): IdleTimer {
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
