import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/** Tells when it is worth looking at a file again. */
export interface Changes extends Disposable {
  /** Resolves when the file may have changed since the last call, after a while, or on the signal. */
  next(): Promise<void>
}

/**
 * Watch a file that may not exist yet, so by its folder. What the kernel does not tell (another
 * host's writes on a network file system, a folder that is not there yet) a look now and then finds.
 */
export function watchFile(path: string, pollMs: number, signal: AbortSignal): Changes {
  let changed = false
  let wake = () => {}
  const onChange = () => {
    changed = true
    wake()
  }
  const watcher = tryWatch(dirname(path), name => {
    if (name === null || name === basename(path)) onChange()
  })
  signal.addEventListener('abort', onChange)
  return {
    async next() {
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
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

function tryWatch(folder: string, onChange: (name: string | null) => void): FSWatcher | null {
  try {
    const watcher = watch(folder, (_event, name) => onChange(name))
    watcher.on('error', () => watcher.close()) // the folder is gone; looking now and then goes on
    return watcher
  } catch {
    return null
  }
}
