import { MixmatchError } from '../errors.js'
import { visibleLine } from '../visible-text.js'

/** What to tell of an error that was foreseen, in one line, and the exit code that it stands for. */
interface Failure {
  readonly message: string
  readonly exit: number
}

/** @returns null for a fault of ours, which is thrown on with its stack */
export function describeFailure(error: unknown): Failure | null {
  if (error instanceof MixmatchError) {
    // A line for each mistake of a configuration; anything else is one line, whatever a name in it holds.
    const isList = error.code === 'CONFIG_INVALID'
    return { message: isList ? error.message : visibleLine(error.message), exit: error.exit }
  }
  const message = describeSystemError(error)
  return message === null ? null : { message: visibleLine(message), exit: 1 }
}

/** What the machine refuses, such as a file that may not be read or a disk that is full: no fault of ours. */
function describeSystemError(error: unknown): string | null {
  if (!(error instanceof Error && 'code' in error)) return null
  const { code, message } = error
  if ('syscall' in error && ('path' in error || code === 'ENOSPC')) return message
  const isFile = /^SQLITE_(?:CANTOPEN|READONLY|FULL|IOERR|CORRUPT)/.test(String(code))
  return isFile ? `${message} (${code})` : null
}
