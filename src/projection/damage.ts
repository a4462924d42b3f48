import Database from 'better-sqlite3'
import { MixmatchError } from '../errors.js'
import { query } from '../sqlite.js'
import { startSubprocess } from '../subprocess.js'

/** The task of the subprocess that looks for damage in a file of views. */
export interface DamageCheck {
  readonly file: string
}

/** As `whyDamaged`, in a process of its own. */
export async function findDamage(file: string): Promise<string | null> {
  const script = import.meta.resolve('./damage-check.js')
  const subprocess = await startSubprocess<DamageCheck, string | null>(script, { file })
  return subprocess.next()
}

/** Why a file of views is damaged; null if it is not. This reads the whole file. */
export function whyDamaged(file: string): string | null {
  return orDamage(() =>
    query(file, db => {
      const problem = db.pragma('quick_check(1)', { simple: true })
      return problem === 'ok' ? null : `they are damaged: ${problem}`
    }),
  )
}

/** The result of reading views, or the error of reading as the description of a damage. */
export function orDamage(read: () => string | null): string | null {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof Database.SqliteError || error instanceof MixmatchError)) throw error
    return `they are damaged: ${error.message}`
  }
}

/** Whether an error means that a file is damaged. */
export function isDamage(error: unknown): boolean {
  return (
    error instanceof Database.SqliteError && /^SQLITE_(CORRUPT|NOTADB|IOERR_SHORT)/.test(error.code)
  )
}
