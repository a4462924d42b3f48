import { execFile } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import type { RunAudit } from '../console/console.js'
import { MixmatchError } from '../errors.js'

const TIMEOUT_MS = 10 * 60_000
const MOST_BYTES = 64 * 1024 * 1024

/**
 * Make reports with `mixmatch audit` in a process of its own, one at a time and with low priority.
 *
 * @param mainScript the script that starts this program
 */
export function createAuditRunner(mainScript: string, logFile: () => string): RunAudit {
  let isRunning = false

  async function run(report: string, signal: AbortSignal): Promise<string> {
    const args = ['audit', report, '--log', logFile(), '--format', 'html']
    const options = { signal, timeout: TIMEOUT_MS, maxBuffer: MOST_BYTES }
    return await new Promise((resolve, reject) => {
      const child = execFile(
        process.execPath,
        [...process.execArgv, mainScript, ...args],
        options,
        (error, page, words) => {
          // A report that found something exits with 1.
          if (page !== '') resolve(page)
          else reject(failure(report, words || String(error?.message)))
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

function failure(report: string, words: string): MixmatchError {
  const message = `mixmatch audit ${report} failed: ${words.trim().split('\n').at(-1)}`
  return new MixmatchError('QUERY_ABORTED', message)
}
