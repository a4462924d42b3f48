import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { MixmatchError } from './errors.js'

/**
 * Make a folder and those above it, where they do not exist. `mkdirSync` with `recursive` never returns
 * in a file system that lets nobody make folders and says ENOENT, such as /proc.
 *
 * @throws FILE_NOT_WRITABLE where something else has that name; Error (of the file system)
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
    // Another process may have been quicker.
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw error
  }
}
