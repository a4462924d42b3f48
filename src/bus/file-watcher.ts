import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/** Reports when a file may have changed. */
export interface FileWatcher extends Disposable {
  /** Resolves if the file may have changed since the last call, after `pollMs`, or on the signal. */
  nextChange(): Promise<void>
}

/**
 * Watch the folder of a file, because the file may not exist yet. The file is also polled, because the
 * kernel does not report every change: another host may write on a network file system, or the folder
 * may not exist yet.
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
    watcher.on('error', () => watcher.close()) // the folder was deleted; polling continues
    return watcher
  } catch {
    return null
  }
}
