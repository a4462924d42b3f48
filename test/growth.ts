/** Something that is done with an input of any size. */
export interface Growing<Input> {
  readonly name: string
  /** An input of about so many characters. */
  readonly make: (size: number) => Input
  readonly run: (input: Input) => void
}

/**
 * How many times as long it takes for an input of `factor` times the size: `factor` for what is
 * linear, its square for what is quadratic. Processor time, because others use the machine as well,
 * and the best of several runs.
 */
export function measureGrowth<Input>(
  { make, run }: Growing<Input>,
  { size, factor, runs = 3 }: { size: number; factor: number; runs?: number },
): number {
  const [small, large] = [make(size), make(size * factor)]
  run(small) // compiled by then
  return (
    shortestMs(() => run(large), runs) /
    Math.max(
      shortestMs(() => run(small), runs),
      LEAST_MS,
    )
  )
}

/** Less than this is not measured well, and is short enough however it grows. */
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
