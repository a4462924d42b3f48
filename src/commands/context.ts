import type { Writable } from 'node:stream'

/** The world as a command sees it: handed in by `main.ts`, so that tests can hand in another. */
export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Data. */
  readonly stdout: Writable & { readonly isTTY?: boolean }
  /** Words and progress. */
  readonly stderr: Writable & { readonly isTTY?: boolean }
  /** What the process ends with: 0 done, 1 failed or found something, 2 misuse. */
  setExitCode(code: 0 | 1 | 2): void
}
