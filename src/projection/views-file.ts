import { existsSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/**
 * The views of a log are a file in the same folder, named after it: `events.views.db` for `events.db`.
 * It can be deleted at any time.
 */
export function viewsFileOf(logFile: string): string {
  return join(dirname(logFile), `${basename(logFile, '.db')}.views.db`)
}

/** The views file of earlier versions, which had the same name for every log. */
export function earlierViewsFileOf(logFile: string): string {
  return join(dirname(logFile), 'views.db')
}

/** Rename unusable views, so that new ones are built. The old ones stay for inspection. */
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
