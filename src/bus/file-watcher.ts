import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/** Tells when a file may have changed. */
export interface FileWatcher extends Disposable {
  /** Resolves when the file may have changed since the last call, after `pollMs`, or on the signal. */
  nextChange(): Promise<void>
}

/**
 * Watch a file by its folder, because it may not exist yet. The kernel does not report every change
 * (writes of another host on a network file system; the folder may not exist yet), so the file is
 * also polled.
 */
export function watchFile(path: string, pollMs: number, signal: AbortSignal): FileWatcher {
  let changed = false
  let endPause = () => {}
  const onChange = () => {
    changed = true
    endPause()
  }
  const watcher = tryWatch(dirname(path), name => {
    if (name === null || name === basename(path)) onChange()
  })
  signal.addEventListener('abort', onChange)
  return {
    async nextChange() {
      if (!changed) await pause()
      changed = false
    },
    [Symbol.dispose]() {
      signal.removeEventListener('abort', onChange)
      watcher?.close()
    },
  }

  function pause(): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, pollMs)
      endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

function tryWatch(folder: string, onChange: (name: string | null) => void): FSWatcher | null {
  try {
    const watcher = watch(folder, (_event, name) => onChange(name))
    watcher.on('error', () => watcher.close()) // the folder is gone; polling goes on
    return watcher
  } catch {
    return null
  }
}
