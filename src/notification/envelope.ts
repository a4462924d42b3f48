import { isUtf8 } from 'node:buffer'
import { brotliDecompressSync, unzipSync } from 'node:zlib'
import type { Delivery } from '../bus/delivery.js'
import type { Wire } from '../event/event.js'
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../json.js'
import { nameAt } from './fields.js'

/** What a delivery turned out to be. */
export type Parsed = Message | Unparseable

export interface Message {
  readonly kind: 'message'
  readonly envelope: Wire['envelope']
  /** Of the message's own: not empty, at most 255 characters. */
  readonly eventType: string
  /** The oslo message itself: `event_type`, `payload`, `timestamp`, `_context_…`. */
  readonly message: JsonObject
}

export interface Unparseable {
  readonly kind: 'unparseable'
  /** `not JSON`, in words that hold nothing of the message. */
  readonly reason: string
  /** What could be read on the way: JSON as a value, else text; null where nothing was readable. */
  readonly read: JsonValue
}

/**
 * Read a delivery: undo kombu's compression, read the JSON and take off the envelope. Never throws.
 *
 * oslo.messaging writes two forms: driver `messagingv2` wraps the message as text in
 * `{"oslo.version": "2.0", "oslo.message": "…"}`, driver `messaging` sends it bare.
 */
export function parseDelivery(delivery: Delivery): Parsed {
  const bytes = decompress(delivery)
  if (!bytes) return unparseable('compressed in a way that could not be undone', null)
  if (!isUtf8(bytes)) return unparseable('not text in UTF-8', null)
  const text = bytes.toString()
  const outer = parseJson(text)
  if (outer === undefined) return unparseable('not JSON', text)
  if (!isJsonObject(outer)) return unparseable('not a JSON object', outer)
  return VERSION in outer ? unwrap(outer) : message('1.0', outer)
}

const VERSION = 'oslo.version'
const MESSAGE = 'oslo.message'

function unwrap(outer: JsonObject): Parsed {
  const text = outer[MESSAGE]
  const inner = typeof text === 'string' ? parseJson(text) : undefined
  const read = inner === undefined ? outer : { ...outer, [MESSAGE]: inner }
  const version = outer[VERSION]
  if (typeof version !== 'string' || !/^2(\.\d+)*$/.test(version)) {
    return unparseable('an envelope whose oslo.version is not 2.x', read)
  }
  if (typeof text !== 'string') return unparseable('an envelope without oslo.message', read)
  if (inner === undefined) return unparseable('an oslo.message that is not JSON', read)
  if (!isJsonObject(inner)) return unparseable('an oslo.message that is not a JSON object', read)
  return message('2.0', inner)
}

function message(envelope: Message['envelope'], message: JsonObject): Parsed {
  const eventType = nameAt(message, 'event_type')
  return eventType === null
    ? unparseable('no event_type of 1 to 255 characters', message)
    : { kind: 'message', envelope, eventType, message }
}

function unparseable(reason: string, read: JsonValue): Unparseable {
  return { kind: 'unparseable', reason, read }
}

/** Much more than any notification, and little enough to hold: a bomb must not fill the memory. */
const MOST_BYTES = 32 * 1024 * 1024

/** kombu's name `gzip` means zlib (kombu/compression.py); `unzipSync` takes either. */
function decompress({ compression, body }: Delivery): Buffer | null {
  const options = { maxOutputLength: MOST_BYTES }
  try {
    switch (compression) {
      case null:
        return body
      case 'application/x-gzip':
      case 'gzip':
      case 'zlib':
        return unzipSync(body, options)
      case 'application/x-brotli':
      case 'brotli':
        return brotliDecompressSync(body, options)
      default:
        return null
    }
  } catch {
    return null
  }
}
