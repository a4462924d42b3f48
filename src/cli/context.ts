import type { Writable } from 'node:stream'

/** The world as a command sees it: handed in by `main.ts`, so that tests can hand in another. */
export interface World {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** The script that was started, to be started again as a process of its own. */
  readonly mainScript: string
  /** Data. */
  readonly stdout: Writable & { readonly isTTY?: boolean }
  /** Words and progress. */
  readonly stderr: Writable & { readonly isTTY?: boolean }
}

/** The world, and a way to say how it ended. */
export interface Context extends World {
  /** What the process ends with: 0 done, 1 failed or found something, 2 misuse. */
  setExitCode(code: 0 | 1 | 2): void
}
