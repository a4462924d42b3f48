import { existsSync } from 'node:fs'
import { MixmatchError } from '../errors.js'
import { closingOnError, openReadable } from '../sqlite.js'
import { checkVersion } from './schema.js'

/**
 * Why a file cannot be the event log: it may be the database of a Python mixmatch, for example. Null
 * if it can be a log, does not exist yet, or is not readable.
 */
export function whyNoLog(file: string): string | null {
  if (!existsSync(file)) return null
  try {
    const db = openReadable(file)
    closingOnError(db, () => checkVersion(db, file))
    db.close()
    return null
  } catch (error) {
    return error instanceof MixmatchError ? error.message : null
  }
}
