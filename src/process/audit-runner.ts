import { type ExecFileException, execFile } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import type { RunAudit } from '../console/console.js'
import { MixmatchError } from '../errors.js'

interface Limits {
  readonly timeoutMs?: number
  /** Of a page. It is in memory as a whole. */
  readonly mostBytes?: number
}

/**
 * Make reports with `mixmatch audit` in a process of its own, one at a time and with low priority.
 *
 * @param mainScript the script that starts this program
 */
export function createAuditRunner(
  mainScript: string,
  logFile: () => string,
  { timeoutMs = 10 * 60_000, mostBytes = 64 * 1024 * 1024 }: Limits = {},
): RunAudit {
  let isRunning = false

  async function run(report: string, signal: AbortSignal): Promise<string> {
    const args = ['audit', report, '--log', logFile(), '--format', 'html']
    const options = { signal, timeout: timeoutMs, maxBuffer: mostBytes }
    return await new Promise((resolve, reject) => {
      const child = execFile(
        process.execPath,
        [...process.execArgv, mainScript, ...args],
        options,
        (error, page, words) => {
          // A report that found something exits with 1. A part of a page is no evidence.
          if (error === null || (error.code === FOUND && page !== '')) resolve(page)
          else reject(failure(report, whyNot(error, words)))
        },
      )
      if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW)
    })
  }

  return async (report, signal) => {
    if (isRunning) {
      throw new MixmatchError('OVERLOADED', 'Another report is being made. Try again in a minute.')
    }
    isRunning = true
    try {
      return await run(report, signal)
    } finally {
      isRunning = false
    }
  }
}

/** The exit code of a report that found something, and of one that failed. */
const FOUND = 1

function whyNot({ code, killed, message }: ExecFileException, words: string): string {
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'the page is too long'
  if (killed) return 'it took too long'
  return words.trim().split('\n').at(-1) || message
}

function failure(report: string, why: string): MixmatchError {
  const message =
    `No report: ${why}. On the command line there is no limit: ` +
    `mixmatch audit ${report} --format html > ${report}.html`
  return new MixmatchError('QUERY_ABORTED', message)
}
