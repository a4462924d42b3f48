import { Session } from 'node:inspector/promises'

/** Tells which blocks of `src` were run. */
interface BlockCoverage extends AsyncDisposable {
  /** The blocks that ran since the last call. */
  takeBlocks(): Promise<string[]>
  /** Those of them that never ran before. */
  takeNewBlocks(): Promise<Set<string>>
}

/** Measure the coverage of this process with V8 itself, so that no code has to be changed for it. */
export async function startCoverage(): Promise<BlockCoverage> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  const known = new Set<string>()

  async function takeBlocks(): Promise<string[]> {
    const { result } = await session.post('Profiler.takePreciseCoverage')
    return result
      .filter(({ url }) => url.includes('/src/'))
      .flatMap(({ url, functions }) =>
        functions
          .flatMap(({ ranges }) => ranges)
          .filter(({ count }) => count > 0)
          .map(({ startOffset, endOffset }) => `${url}:${startOffset}-${endOffset}`),
      )
  }

  return {
    takeBlocks,
    async takeNewBlocks() {
      const found = new Set((await takeBlocks()).filter(block => !known.has(block)))
      for (const block of found) known.add(block)
      return found
    },
    async [Symbol.asyncDispose]() {
      session.disconnect()
    },
  }
}
