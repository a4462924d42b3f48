import type { Logger } from 'pino'
import { readFirstRecord } from '../bus/amqp/stream-reader.js'
import { openStreamWriter } from '../bus/amqp/stream-writer.js'
import { messageOf } from '../bus/bus-status.js'
import { nameOfStream, type StreamUrl } from '../bus/stream-url.js'
import { MixmatchError } from '../errors.js'
import type { LogReader } from '../log/event-log.js'
import type { FleetKey } from './fleet-key.js'
import {
  readMessage,
  type StreamEntry,
  toDelivery,
  toRecord,
  writeMessage,
} from './stream-message.js'

const BATCH = 500

/**
 * Publish a log into a new stream, so that all nodes get it with the same positions and hashes. Run again after an
 * interruption it publishes all events again, and the nodes drop those that were there already.
 *
 * @param onProgress called with the number of published events
 * @throws USAGE if the log is not whole, or the stream is that of another log; the signal's reason
 */
export async function publishLog(
  log: LogReader,
  {
    url,
    key,
    logger,
  }: { readonly url: StreamUrl; readonly key: FleetKey; readonly logger: Logger },
  onProgress: (published: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const { position: archived, archive } = log.base()
  if (archived > 0) {
    throw new MixmatchError(
      'USAGE',
      `${log.file}: begins after event ${archived}, and a fleet needs the whole log. Make one of it and ${archive}: ` +
        `mixmatch log export --log ${archive} --log ${log.file} > all.ndjson; mixmatch log import all.ndjson --log whole.db`,
    )
  }
  const through = log.head()
  const begin: StreamEntry = { type: 'begin', through }
  const first = await readFirstRecord(url, { logger, signal }).catch(cause => {
    throw new MixmatchError('BUS_UNREACHABLE', `${nameOfStream(url)}: ${messageOf(cause)}`, {
      cause,
    })
  })
  if (first) rejectOther(readMessage(toDelivery(first), key), begin, url)
  const writer = openStreamWriter(url, { logger })
  try {
    if (!first) await writer.publish([toRecord(writeMessage(begin, key))])
    let batch: StreamEntry[] = []
    let published = 0
    const flush = async () => {
      await writer.publish(batch.map(entry => toRecord(writeMessage(entry, key))))
      published += batch.length
      onProgress(published)
      batch = []
      signal.throwIfAborted()
    }
    for (const event of log.read({ upTo: through.position })) {
      batch.push({ type: 'event', event, recordedAt: event.recordedAt })
      if (batch.length === BATCH) await flush()
    }
    await flush()
  } finally {
    await writer.close()
  }
}

function rejectOther(
  found: ReturnType<typeof readMessage>,
  begin: Extract<StreamEntry, { type: 'begin' }>,
  url: StreamUrl,
): void {
  if (found.type === 'begin' && found.through.hash === begin.through.hash) return
  const what =
    found.type === 'begin'
      ? `is that of a log with ${found.through.position} events before the fleet, this one has ${begin.through.position}`
      : 'does not begin with a message that is signed with the key of this configuration'
  throw new MixmatchError(
    'USAGE',
    `${nameOfStream(url)}: ${what}. Give a stream with a new name, or delete this one.`,
  )
}
