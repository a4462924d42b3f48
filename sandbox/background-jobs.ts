import { setTimeout } from 'node:timers/promises'

/** What a service goes on with when it has answered: a volume that is `creating` becomes `available`. */
export interface Afterwards {
  /** `moment` resolves when the time has passed that such work takes. */
  run(work: (moment: () => Promise<void>) => Promise<void>): void
  /** Leave off: what waits for its moment never goes on. */
  close(): void
}

export function createAfterwards(momentMs: number, report: (error: unknown) => void): Afterwards {
  const closing = new AbortController()
  const { signal } = closing
  const moment = () => setTimeout(momentMs, undefined, { signal, ref: false })
  return {
    run(work) {
      work(moment).catch(error => {
        if (!signal.aborted) report(error)
      })
    },
    close: () => closing.abort(),
  }
}
