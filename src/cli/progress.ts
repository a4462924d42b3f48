import type { Output } from './output.js'

/** The shortest time between two updates. */
const EVERY_MS = 100

/** A line on a terminal with the progress of a long command. Without a terminal it prints nothing. */
export interface ProgressLine extends Disposable {
  /** @param of the total, if it was not known before */
  at(done: number, of?: number): void
}

/**
 * @param what e.g. `verifying`
 * @param total in the units of `at`
 */
export function showProgress(stderr: Output, what: string, total: number): ProgressLine {
  if (!stderr.isTerminal) return { at: () => {}, [Symbol.dispose]: () => {} }
  let written = 0
  return {
    at(done, of = total) {
      const now = performance.now()
      if (now - written < EVERY_MS) return
      written = now
      const percent = of > 0 ? Math.floor((100 * done) / of) : 100
      stderr.showStatus(`${what} ${percent} % (${done} of ${of})`)
    },
    [Symbol.dispose]() {
      stderr.showStatus('')
    },
  }
}
