import { type FileHandle, open, stat } from 'node:fs/promises'
import type { Logger } from 'pino'
import type { SpName } from '../ids.js'
import { parseJson } from '../json.js'
import { DEFAULT_BATCH } from './batches.js'
import type { Bus, BusOptions } from './bus.js'
import { keepStatus } from './bus-status.js'
import type { Delivery } from './delivery.js'
import { type Changes, watchFile } from './file-watcher.js'
import { readLines } from './lines.js'
import { readRecorded } from './recorded-notification.js'
import { retryForever } from './retry.js'

export interface FileBusOptions extends BusOptions {
  /** How often to look without having been told of a change, in milliseconds. 1000 by default. */
  readonly pollMs?: number
}

const POLL_MS = 1000

/**
 * Follow a file of recorded notifications from its beginning, and on as it grows. It need not exist
 * yet, and may be truncated or be replaced by another of its name. There is nothing to acknowledge:
 * a restart reads it again from the beginning, and the event log knows what it has.
 */
export function listenFile(path: string, options: FileBusOptions): Bus {
  const { serviceProvider, onDeliveries, signal, logger } = options
  const { backoff, batch = DEFAULT_BATCH, pollMs = POLL_MS } = options
  const status = keepStatus()
  const toDelivery = reader(path, serviceProvider, logger)

  async function follow(itWorks: () => void): Promise<void> {
    using changes = watchFile(path, pollMs, signal)
    while (!signal.aborted) {
      await using file = await openWhenThere(path, changes, signal)
      if (!file) return
      status.connected([])
      await followOne(file, changes, itWorks)
    }
  }

  /** Until it is stopped, or until another file has the name and this one has been read to its end. */
  async function followOne(file: FileHandle, changes: Changes, itWorks: () => void): Promise<void> {
    let offset = 0
    while (!signal.aborted) {
      const replaced = await isReplaced(file, path) // before the look that finds nothing more in it
      const { lines, end } = await readLines(file, offset, batch.most)
      if (end > offset) {
        const deliveries = lines.flatMap(line => toDelivery(line) ?? [])
        if (deliveries.length > 0) await onDeliveries(deliveries)
        status.delivered(deliveries.length)
        offset = end
        itWorks()
      } else if ((await file.stat()).size < offset) {
        logger.info({ path }, 'the file was truncated: it is read from its beginning')
        offset = 0
      } else if (replaced) {
        return
      } else {
        await changes.next()
      }
    }
  }

  const stopped = retryForever(follow, { backoff, status, logger, signal })
  return { serviceProvider, name: path, status: status.value, stopped }
}

async function openWhenThere(
  path: string,
  changes: Changes,
  signal: AbortSignal,
): Promise<FileHandle | null> {
  while (!signal.aborted) {
    try {
      return await open(path)
    } catch (error) {
      if (!isMissing(error)) throw error
    }
    await changes.next()
  }
  return null
}

/** Where it was only moved away, its writer may still be at it until there is another. */
async function isReplaced(file: FileHandle, path: string): Promise<boolean> {
  const ours = await file.stat()
  try {
    const named = await stat(path)
    return named.ino !== ours.ino || named.dev !== ours.dev
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/**
 * A line as the delivery that was recorded. One of another cloud is left out, for a bus speaks for
 * its own cloud alone. What is no recorded notification is delivered as it stands, to be recorded as
 * what could not be parsed.
 */
function reader(
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
