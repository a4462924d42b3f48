import { setTimeout } from 'node:timers/promises'

/** Work that a service finishes after its response: a volume that is `creating` becomes `available`. */
export interface BackgroundJobs {
  /** `delay` resolves when the time has passed that such work takes. */
  run(work: (delay: () => Promise<void>) => Promise<void>): void
  /** Cancel all jobs that have not finished. */
  close(): void
}

export function createBackgroundJobs(
  jobDelayMs: number,
  report: (error: unknown) => void,
): BackgroundJobs {
  const closing = new AbortController()
  const { signal } = closing
  const delay = () => setTimeout(jobDelayMs, undefined, { signal, ref: false })
  return {
    run(work) {
      work(delay).catch(error => {
        if (!signal.aborted) report(error)
      })
    },
    close: () => closing.abort(),
  }
}
