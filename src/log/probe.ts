import { existsSync } from 'node:fs'
import { MixmatchError } from '../errors.js'
import { closingOnError, openReadable } from '../sqlite.js'
import { checkVersion } from './schema.js'

/**
 * Why a file cannot be the event log, such as the database of a Python mixmatch; null where it can:
 * also one that is not there yet, or that may not be looked into.
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
