import { createHash } from 'node:crypto'
import * as z from 'zod'
import type { ReadRecord } from '../bus/amqp/stream-peek.js'
import type { StreamRecord } from '../bus/amqp/stream-writer.js'
import { type Event, envelopes, eventKinds, eventSources, ownEventTypes } from '../event/event.js'
import { createOwnEvent } from '../event/own-event.js'
import { toWellFormed } from '../event/well-formed.js'
import {
  IDENTITY_PROVIDER,
  type Micros,
  micros,
  position,
  projectId,
  resourceId,
  resourceTypes,
  spName,
} from '../ids.js'
import { parseJson } from '../json.js'
import type { Head } from '../log/event-log.js'
import type { FleetKey } from './fleet-key.js'

/**
 * The version of the messages that this Mixmatch writes. It reads this version and all earlier ones. A node that
 * meets a later one stops before it, because nodes that read a message differently would have different logs.
 */
const VERSION = 1

/** The content of a message of the stream. */
export type StreamEntry =
  | { readonly type: 'event'; readonly event: Event; readonly recordedAt: Micros }
  /**
   * The first message of every stream. For a new log `through` is position 0. For an existing log (`fleet init`) it
   * is
   * its head: the messages up to there are its events, and nothing is collected before them.
   */
  | { readonly type: 'begin'; readonly through: Head }

/** A message as it is published. */
export interface StreamMessage {
  /** A line of JSON; for an event, its body follows after the line feed. */
  readonly content: Buffer
  /** `FleetKey.sign(content)` */
  readonly signature: string
}

/** A message as it is delivered. */
export interface StreamDelivery {
  /** Its place in the stream: offsets rise, but may have gaps. */
  readonly offset: number
  readonly content: Buffer
  readonly signature: unknown
}

/** What a node reads in a message. */
type ReadEntry =
  | StreamEntry
  /** It has no valid signature. */
  | { readonly type: 'forged' }
  /** It has a valid signature, but this version cannot read it. */
  | { readonly type: 'unreadable'; readonly version: number | null; readonly problem: string }

/** The header with the signature of a message. */
const SIGNATURE_HEADER = 'mixmatch-signature'

/** A message as the broker takes it. */
export function toRecord({ content, signature }: StreamMessage): StreamRecord {
  return { content, headers: { [SIGNATURE_HEADER]: signature } }
}

/** A message as the broker delivers it. */
export function toDelivery({ offset, content, headers }: ReadRecord): StreamDelivery {
  return { offset, content, signature: headers[SIGNATURE_HEADER] }
}

export function writeMessage(entry: StreamEntry, key: FleetKey): StreamMessage {
  const content = Buffer.from(entry.type === 'begin' ? beginText(entry) : eventText(entry))
  return { content, signature: key.sign(content) }
}

export function readMessage({ content, signature }: StreamDelivery, key: FleetKey): ReadEntry {
  if (!key.verify(content, signature)) return { type: 'forged' }
  const end = content.indexOf('\n')
  const head = parseJson(content.toString('utf8', 0, end === -1 ? content.length : end))
  const version = versionOf(head)
  if (version !== VERSION) return { type: 'unreadable', version, problem: `version ${version}` }
  const parsed = heads.safeParse(head)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    return { type: 'unreadable', version, problem: `${issue?.path.join('.')}: ${issue?.message}` }
  }
  const { data } = parsed
  if (data.type === 'begin') return data
  const { recorded_at: recordedAt, event } = data
  return { type: 'event', recordedAt, event: { ...event, body: content.toString('utf8', end + 1) } }
}

/** The body of the event in a message, with or without a valid signature: everything after the first line. */
export function eventBodyOf({ content }: StreamDelivery): Pick<Event, 'body'> {
  return { body: content.toString('utf8', content.indexOf('\n') + 1) }
}

/** SHA-256 of a delivered message, 64 hex digits: whether the stream still has the same one at an offset. */
export function digestOfMessage({ content, signature }: StreamDelivery): string {
  return createHash('sha256').update(String(signature)).update('\n').update(content).digest('hex')
}

/**
 * The event for a message without a valid signature. Every node makes the same one. Its message id is the digest,
 * so the same forgery is recorded once.
 */
export function createForgedEvent(delivery: StreamDelivery): Event {
  const digest = digestOfMessage(delivery)
  return createOwnEvent({
    serviceProvider: IDENTITY_PROVIDER,
    source: 'recorder',
    eventType: ownEventTypes.streamForged,
    messageId: digest,
    emittedAt: null,
    body: { size: delivery.content.length, sha256: digest },
  })
}

function beginText({ type, through }: Extract<StreamEntry, { type: 'begin' }>): string {
  return JSON.stringify({ v: VERSION, type, through })
}

function eventText({ event, recordedAt }: Extract<StreamEntry, { type: 'event' }>): string {
  const { body, ...head } = toWellFormed(event)
  return `${JSON.stringify({ v: VERSION, type: 'event', recorded_at: recordedAt, event: head })}\n${body}`
}

const versioned = z.object({ v: z.int() })

function versionOf(head: unknown): number | null {
  return versioned.safeParse(head).data?.v ?? null
}

const text = z.string()
const time = z.int().transform(micros)
const point = z.object({
  position: z.int().nonnegative().transform(position),
  hash: text.regex(/^[0-9a-f]{64}$/),
})
const eventHead = z.object({
  serviceProvider: text.transform(spName),
  source: z.enum(eventSources),
  messageId: text,
  eventType: text,
  kind: z.enum(eventKinds),
  emittedAt: time.nullable(),
  resource: z.object({ type: z.enum(resourceTypes), id: text.transform(resourceId) }).nullable(),
  project: text.transform(projectId).nullable(),
  parent: text.transform(resourceId).nullable(),
  wire: z.object({ exchange: text, routingKey: text, envelope: z.enum(envelopes) }),
})
const heads = z.discriminatedUnion('type', [
  z.object({ type: z.literal('event'), recorded_at: time, event: eventHead }),
  z.object({ type: z.literal('begin'), through: point }),
])
