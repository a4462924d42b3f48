import { type FileHandle, open, stat } from 'node:fs/promises'
import type { Logger } from 'pino'
import type { SpName } from '../ids.js'
import { parseJson } from '../json.js'
import { DEFAULT_BATCH } from './batches.js'
import type { Bus, BusOptions } from './bus.js'
import { createStatusTracker } from './bus-status.js'
import type { Delivery } from './delivery.js'
import { readLines } from './file-lines.js'
import { type FileWatcher, watchFile } from './file-watcher.js'
import { readRecorded } from './recorded-notification.js'
import { retryForever } from './retry.js'

interface FileBusOptions extends BusOptions {
  /** How often the file is polled if the kernel reports no change. 1000 by default. */
  readonly pollMs?: number
}

const POLL_MS = 1000

/**
 * Read a file of recorded notifications from its beginning, and continue as it grows. It does not have to
 * exist yet, and may be truncated or replaced. Nothing is acknowledged: after a restart the file is read
 * from the beginning, and the event log drops the duplicates.
 */
export function listenToFile(path: string, options: FileBusOptions): Bus {
  const { serviceProvider, onDeliveries, signal, logger } = options
  const { backoff, batch = DEFAULT_BATCH, pollMs = POLL_MS } = options
  const status = createStatusTracker()
  const parseLine = createLineParser(path, serviceProvider, logger)

  async function followPath(onHealthy: () => void): Promise<void> {
    using watcher = watchFile(path, pollMs, signal)
    while (!signal.aborted) {
      await using file = await openWhenExists(path, watcher, signal)
      if (!file) return
      status.connected([])
      await followFile(file, watcher, onHealthy)
    }
  }

  /** Read the file until the signal stops it, or until the file was replaced and is read to its end. */
  async function followFile(
    file: FileHandle,
    watcher: FileWatcher,
    onHealthy: () => void,
  ): Promise<void> {
    let offset = 0
    while (!signal.aborted) {
      const replaced = await isReplaced(file, path) // check this before the read to its end
      const { lines, end } = await readLines(file, offset, batch.maxItems)
      if (end > offset) {
        const deliveries = lines.flatMap(line => parseLine(line) ?? [])
        if (deliveries.length > 0) await onDeliveries(deliveries)
        status.delivered(deliveries.length)
        offset = end
        onHealthy()
      } else if ((await file.stat()).size < offset) {
        logger.info({ path }, 'the file was truncated; reading it from its beginning')
        offset = 0
      } else if (replaced) {
        return
      } else {
        await watcher.nextChange()
      }
    }
  }

  const stopped = retryForever(followPath, { backoff, status, logger, signal })
  return { serviceProvider, name: path, status: status.value, stopped }
}

async function openWhenExists(
  path: string,
  watcher: FileWatcher,
  signal: AbortSignal,
): Promise<FileHandle | null> {
  while (!signal.aborted) {
    try {
      return await open(path)
    } catch (error) {
      if (!isMissing(error)) throw error
    }
    await watcher.nextChange()
  }
  return null
}

/** Whether another file has the path. A file that was only moved away may still be written. */
async function isReplaced(file: FileHandle, path: string): Promise<boolean> {
  const opened = await file.stat()
  try {
    const named = await stat(path)
    return named.ino !== opened.ino || named.dev !== opened.dev
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/**
 * Parse lines as recorded notifications. Those of another cloud are left out, because a bus may only report
 * about its own cloud. Any other line is delivered unchanged, and is recorded as unparseable.
 */
function createLineParser(
  path: string,
  serviceProvider: SpName,
  logger: Logger,
): (line: Buffer) => Delivery | null {
  let warned = false
  return line => {
    const delivery = readRecorded(parseJson(line.toString()))
    if (!delivery) {
      return {
        serviceProvider,
        exchange: '',
        routingKey: '',
        compression: null,
        redelivered: false,
        body: line,
      }
    }
    if (delivery.serviceProvider === serviceProvider) return delivery
    if (!warned) {
      const { serviceProvider: cloud } = delivery
      logger.warn({ path, cloud }, 'notifications of another cloud are left out')
    }
    warned = true
    return null
  }
}
