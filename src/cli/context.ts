import type { Output, OutputStream } from './output.js'

/** The world as `main.ts` hands it in, so that tests can hand in another. */
export interface World {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** The script that was started, to be started again as a process of its own. */
  readonly mainScript: string
  /** Data. */
  readonly stdout: OutputStream
  /** Words and progress. */
  readonly stderr: OutputStream
}

/** The world as a command sees it, and a way to say how it ended. */
export interface Context extends Omit<World, 'stdout' | 'stderr'> {
  readonly stdout: Output
  readonly stderr: Output
  /** What the process ends with: 0 done, 1 failed or found something, 2 misuse. */
  setExitCode(code: 0 | 1 | 2): void
}
