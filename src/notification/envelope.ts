import { isUtf8 } from 'node:buffer'
import type { Delivery } from '../bus/delivery.js'
import type { Wire } from '../event/event.js'
import { isJsonObject, type JsonObject, type JsonValue } from '../json.js'
import { decompress } from './decompress.js'
import { nameAt } from './fields.js'
import { parsePythonJson } from './python-json.js'

/** The result of parsing a delivery. */
type ParsedDelivery = OsloMessage | Unparseable

export interface OsloMessage {
  readonly kind: 'message'
  readonly envelope: Wire['envelope']
  /** `event_type` of the message: not empty, at most 255 characters. */
  readonly eventType: string
  /** The message without its envelope: `event_type`, `payload`, `timestamp`, `_context_…`. */
  readonly message: JsonObject
}

export interface Unparseable {
  readonly kind: 'unparseable'
  /** `not JSON`; contains nothing of the message. */
  readonly reason: string
  /** The part that could be read; null if nothing of it is kept. */
  readonly read: { readonly json: JsonValue } | { readonly bytes: Buffer } | null
}

/** Much larger than any notification, compressed or not, and still parsed in less than a second. */
const MAX_BYTES = 4 * 1024 * 1024

/**
 * Parse a delivery: undo kombu's compression, parse the JSON and remove the envelope.
 *
 * oslo.messaging writes two forms. Driver `messagingv2` wraps the message as text in
 * `{"oslo.version": "2.0", "oslo.message": "…"}`, driver `messaging` sends it without an envelope.
 */
export function parseDelivery({ compression, body }: Delivery): ParsedDelivery {
  if (body.length > MAX_BYTES) return unparseable(`larger than ${MAX_BYTES} bytes`, null)
  const unpacked = decompress(compression, body, MAX_BYTES)
  switch (unpacked.kind) {
    case 'unpacked':
      return parseBytes(unpacked.bytes)
    case 'tooLarge':
      return unparseable(`compressed, and larger than ${MAX_BYTES} bytes when unpacked`, null)
    case 'failed':
      return unparseable('compressed in a way that could not be undone', { bytes: body })
  }
}

function parseBytes(bytes: Buffer): ParsedDelivery {
  if (!isUtf8(bytes)) return unparseable('not text in UTF-8', { bytes })
  const outer = parsePythonJson(bytes.toString())
  if (outer === undefined) return unparseable('not JSON', { bytes })
  if (!isJsonObject(outer)) return unparseable('not a JSON object', { json: outer })
  return VERSION in outer ? removeEnvelope(outer) : osloMessage('1.0', outer)
}

const VERSION = 'oslo.version'
const MESSAGE = 'oslo.message'

function removeEnvelope(outer: JsonObject): ParsedDelivery {
  const text = outer[MESSAGE]
  const inner = typeof text === 'string' ? parsePythonJson(text) : undefined
  const json = inner === undefined ? outer : { ...outer, [MESSAGE]: inner }
  const version = outer[VERSION]
  if (typeof version !== 'string' || !/^2(\.\d+)*$/.test(version)) {
    return unparseable('an envelope whose oslo.version is not 2.x', { json })
  }
  if (typeof text !== 'string') return unparseable('an envelope without oslo.message', { json })
  if (inner === undefined) return unparseable('an oslo.message that is not JSON', { json })
  if (!isJsonObject(inner)) {
    return unparseable('an oslo.message that is not a JSON object', { json })
  }
  return osloMessage('2.0', inner)
}

function osloMessage(envelope: OsloMessage['envelope'], message: JsonObject): ParsedDelivery {
  const eventType = nameAt(message, 'event_type')
  return eventType === null
    ? unparseable('no event_type of 1 to 255 characters', { json: message })
    : { kind: 'message', envelope, eventType, message }
}

function unparseable(reason: string, read: Unparseable['read']): Unparseable {
  return { kind: 'unparseable', reason, read }
}
