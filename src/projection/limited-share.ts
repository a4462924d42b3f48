/** Shorter work needs no limit. */
const LONG_MS = 100
/** The pause after long work, as a multiple of its duration. */
const PAUSE = 9

interface LimitedWork {
  /** Do the work, unless there is a pause. Then it waits for the next call after the pause. */
  run(): void
  /** Whether work was left out because of a pause. */
  isWaiting(): boolean
}

/**
 * Limit long work to a tenth of the time. What is left out in a pause is done together after it, so the total
 * does not grow with the square of what is to be done.
 *
 * @param usedMs the processor time of this process in milliseconds: other processes must not count
 */
export function limitShare(
  work: () => void,
  { now = () => performance.now(), usedMs = cpuMs } = {},
): LimitedWork {
  let pauseEnd = 0
  let isWaiting = false
  return {
    run() {
      isWaiting = now() < pauseEnd
      if (isWaiting) return
      const before = usedMs()
      work()
      const tookMs = usedMs() - before
      if (tookMs > LONG_MS) pauseEnd = now() + PAUSE * tookMs
    },
    isWaiting: () => isWaiting,
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
