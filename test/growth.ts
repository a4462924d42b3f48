/** Work on an input of any size. */
export interface Growing<Input> {
  readonly name: string
  /** Make an input of about this many characters. */
  readonly make: (size: number) => Input
  readonly run: (input: Input) => void
}

/**
 * Measure how much longer the work takes for an input that is `factor` times as large: about `factor` if
 * it is linear, its square if it is quadratic. The result is the best of several runs, in processor time,
 * because other processes use the machine, too.
 */
export function measureGrowth<Input>(
  { make, run }: Growing<Input>,
  { size, factor, runs = 3 }: { size: number; factor: number; runs?: number },
): number {
  const [small, large] = [make(size), make(size * factor)]
  run(small) // so that the code is compiled before the measurement
  return (
    shortestMs(() => run(large), runs) /
    Math.max(
      shortestMs(() => run(small), runs),
      LEAST_MS,
    )
  )
}

/** What work may take for eight times the input: linear work takes about eight times as long, quadratic 64 times. */
export const MOST_FOR_EIGHT = 24

const ATTEMPTS = 4

/**
 * Measure how much longer the work takes for eight times the input. Compilers, garbage collection and other
 * processes can make a measurement too large, so it is repeated before it counts as more than linear.
 */
export function growthForEight<Input>(
  growing: Growing<Input>,
  { size, runs }: { size: number; runs?: number },
): number {
  let least = Number.POSITIVE_INFINITY
  for (let attempt = 1; attempt <= ATTEMPTS && least > MOST_FOR_EIGHT; attempt += 1) {
    least = Math.min(least, measureGrowth(growing, { size, factor: 8, ...(runs && { runs }) }))
  }
  return least
}

/** Shorter times cannot be measured well, and are fast enough anyway. */
const LEAST_MS = 2

function shortestMs(work: () => void, runs: number): number {
  return Math.min(...Array.from({ length: runs }, () => cpuMs(work)))
}

function cpuMs(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
