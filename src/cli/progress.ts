import type { Output } from './output.js'

/** How often a line of progress is worth writing. */
const EVERY_MS = 100

/** A line on a terminal that says how far a long work has come. Nothing where nobody watches. */
export interface Progress extends Disposable {
  /** @param of the total, where it is known only now */
  at(done: number, of?: number): void
}

/**
 * @param what is being done, e.g. `verifying`
 * @param total of the units that `at` is told
 */
export function progressOn(stderr: Output, what: string, total: number): Progress {
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
