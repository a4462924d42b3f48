import { MixmatchError } from '../errors.js'
import { visibleLine } from '../visible-text.js'

/** The message of an expected error and its exit code. */
interface Failure {
  readonly message: string
  readonly exit: number
}

/** @returns null for a bug of Mixmatch: the caller throws the error again, with its stack */
export function describeFailure(error: unknown): Failure | null {
  if (error instanceof MixmatchError) {
    // Configuration errors have one line per problem. Others stay one line, whatever a name in them contains.
    const isList = error.code === 'CONFIG_INVALID'
    return { message: isList ? error.message : visibleLine(error.message), exit: error.exit }
  }
  const message = describeSystemError(error)
  return message === null ? null : { message: visibleLine(message), exit: 1 }
}

/** Describe an error of the system, for example a file without permission or a full disk. It is no bug of Mixmatch. */
function describeSystemError(error: unknown): string | null {
  if (!(error instanceof Error && 'code' in error)) return null
  const { code, message } = error
  if ('syscall' in error && ('path' in error || code === 'ENOSPC')) return message
  const isFile = /^SQLITE_(?:CANTOPEN|READONLY|FULL|IOERR|CORRUPT)/.test(String(code))
  return isFile ? `${message} (${code})` : null
}
