import type { Output, OutputStream } from './output.js'

/** What `main.ts` passes in: environment, folder and streams. Tests pass in others. */
export interface ProcessContext {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** The script of this process. Child processes run it, too. */
  readonly mainScript: string
  /** Data. */
  readonly stdout: OutputStream
  /** Messages and progress. */
  readonly stderr: OutputStream
}

/** The context of a command: it can print and set the exit code. */
export interface Context extends Omit<ProcessContext, 'stdout' | 'stderr'> {
  readonly stdout: Output
  readonly stderr: Output
  /** The exit code of the process: 0 done, 1 failed or found something, 2 misuse. */
  setExitCode(code: 0 | 1 | 2): void
}
