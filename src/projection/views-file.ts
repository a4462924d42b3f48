import { existsSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/**
 * The views of a log stand beside it and are named after it: `events.views.db` those of `events.db`.
 * They can be deleted at any moment.
 */
export function viewsFileOf(logFile: string): string {
  return join(dirname(logFile), `${basename(logFile, '.db')}.views.db`)
}

/** What views were called before they were named after their log. */
export function earlierViewsFileOf(logFile: string): string {
  return join(dirname(logFile), 'views.db')
}

/** Views that are of no use any more go out of the way, so that new ones are built. They can still be looked at. */
export function setViewsAside(file: string, because: 'damaged' | 'lost'): void {
  if (!existsSync(file)) return
  renameViews(file, `${file}.${because}`)
}

export function renameViews(from: string, to: string): void {
  removeViews(to)
  for (const suffix of ['-wal', '-shm', '']) {
    if (existsSync(`${from}${suffix}`)) renameSync(`${from}${suffix}`, `${to}${suffix}`)
  }
}

export function removeViews(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true })
}
