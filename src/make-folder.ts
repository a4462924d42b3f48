import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { MixmatchError } from './errors.js'

/**
 * Make a folder and its missing parents. `mkdirSync` with `recursive` never returns in a file system that
 * allows no folders and reports ENOENT, such as /proc.
 *
 * @throws FILE_NOT_WRITABLE if something else has that name; Error (of the file system)
 */
export function makeFolder(folder: string): void {
  const existing = statSync(folder, { throwIfNoEntry: false })
  if (existing?.isDirectory()) return
  if (existing) {
    throw new MixmatchError('FILE_NOT_WRITABLE', `${folder}: expected a folder, found a file.`)
  }
  makeFolder(dirname(folder))
  try {
    mkdirSync(folder)
  } catch (error) {
    // Another process may have made it first.
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw error
  }
}
