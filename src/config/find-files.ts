import { lstatSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { MixmatchError } from '../errors.js'
import type { Finding } from './problem.js'

/** Where the configuration is looked for. All that exist are read; what a later one says counts. */
export const searchedFiles = [
  'mixmatch.conf',
  'etc/mixmatch/mixmatch.conf',
  '/etc/mixmatch/mixmatch.conf',
] as const

export interface FoundFiles {
  readonly texts: readonly { readonly file: string; readonly text: string }[]
  readonly problems: readonly Finding[]
  /** Those in folders that may not be looked into, passed over as if they were not there. */
  readonly hidden: readonly string[]
}

/**
 * Read the configuration files: the one that was asked for, or those of `searchedFiles` that exist.
 *
 * @throws CONFIG_NOT_FOUND where the one that was asked for does not exist
 */
export function findFiles(asked: string | undefined, cwd: string): FoundFiles {
  const texts: { file: string; text: string }[] = []
  const problems: Finding[] = []
  const hidden: string[] = []
  for (const file of asked === undefined ? searchedFiles : [asked]) {
    try {
      const bytes = readFileSync(resolve(cwd, file))
      texts.push({ file, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) })
    } catch (error) {
      const code = codeOf(error)
      if (asked === undefined && isHidden(resolve(cwd, file))) {
        hidden.push(file)
      } else if (code !== 'ENOENT' && code !== 'ENOTDIR') {
        const message = `expected a UTF-8 text file that can be read, found ${code}`
        problems.push({
          origin: { from: 'file', file, line: null },
          section: null,
          option: null,
          message,
        })
      } else if (asked !== undefined) {
        throw new MixmatchError('CONFIG_NOT_FOUND', `${file}: there is no such configuration file.`)
      }
    }
  }
  return { texts, problems, hidden }
}

/**
 * Whether nobody can say that the file exists, because of a folder on the way: the working directory
 * of whoever changed users, most of all. One that is seen and may not be read is a mistake.
 */
function isHidden(path: string): boolean {
  try {
    lstatSync(path)
    return false
  } catch (error) {
    return codeOf(error) === 'EACCES'
  }
}

/** `ENOENT`, or what else says why a file cannot be read. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
