import type { Output, OutputStream } from './output.js'

/** What `main.ts` passes in: environment, folder and streams. Tests pass in others. */
export interface ProcessContext {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** The script that was started; child processes are started with it. */
  readonly mainScript: string
  /** Data. */
  readonly stdout: OutputStream
  /** Messages and progress. */
  readonly stderr: OutputStream
}

/** The same as a command sees it, with a way to set the exit code. */
export interface Context extends Omit<ProcessContext, 'stdout' | 'stderr'> {
  readonly stdout: Output
  readonly stderr: Output
  /** What the process ends with: 0 done, 1 failed or found something, 2 misuse. */
  setExitCode(code: 0 | 1 | 2): void
}
