import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Make a folder and those above it, where they do not exist, for the user and its group alone. `mkdirSync` with `recursive` never returns
 * in a file system that lets nobody make folders and says ENOENT, such as /proc.
 *
 * @throws Error (of the file system)
 */
export function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return
  makeFolder(dirname(folder))
  try {
    mkdirSync(folder, 0o750)
  } catch (error) {
    // Another process may have been quicker.
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw error
  }
}
