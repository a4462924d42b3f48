import { MixmatchError } from '../errors.js'
import { micros, type Position, position } from '../ids.js'
import { chain, GENESIS } from '../log/chain.js'
import type { LogReader, StreamedEvent } from '../log/event-log.js'
import type { Followed } from '../log/followed.js'
import type { FleetKey } from './fleet-key.js'
import {
  createForgedEvent,
  digestOfMessage,
  readMessage,
  type StreamDelivery,
} from './stream-message.js'

/** What a node expects of the next message of the stream. */
export type Phase =
  /** The log has followed the stream up to this message. It must be there still: then nothing is missing after it. */
  | { readonly name: 'resume'; readonly offset: number; readonly digest: string }
  /** The log has not followed this stream. Its first message must say where it begins. */
  | { readonly name: 'begin' }
  /** The log has events already: each message must be the event that follows `compared`. */
  | { readonly name: 'compare'; readonly compared: Position }
  /** Each message is appended. */
  | { readonly name: 'follow' }

/** What to do with a message. */
interface Step {
  /** What to expect of the next one. */
  readonly next: Phase
  /** What to append to the log; null for nothing. */
  readonly append: StreamedEvent | null
  /** From this position on the log is that of a fleet; null if the message does not say. */
  readonly through: Position | null
}

/** The log as the protocol sees it. */
type KnownLog = Pick<LogReader, 'file' | 'head' | 'get' | 'find'>

/**
 * With which phase a log starts to follow a stream. A log that has not followed this stream is compared with it
 * from the first message, so the log that began a stream, or an import of it, can go on with it.
 *
 * @throws STREAM_KEY if the log was followed with another key; LOG_DIVERGED if events were recorded outside the
 *   stream
 */
export function firstPhase(
  log: KnownLog,
  followed: Followed | null,
  { stream, key }: { readonly stream: string; readonly key: FleetKey },
): Phase {
  if (followed?.stream !== stream) return { name: 'begin' }
  if (followed.key !== key.id) {
    throw new MixmatchError(
      'STREAM_KEY',
      `${log.file}: the key of the stream ${stream} is no longer that of this log. It is made from the password in ` +
        '[auth], else from the messagebus of each cloud: restore them, or publish this log into a stream with a new ' +
        'name (mixmatch fleet init).',
    )
  }
  const { position: end } = log.head()
  if (followed.position !== end) {
    throw new MixmatchError(
      'LOG_DIVERGED',
      `${log.file}: followed the stream ${stream} up to event ${followed.position}, and ends with event ${end}: the ` +
        'later ones were recorded outside of the fleet. Publish this log into a stream with a new name ' +
        '(mixmatch fleet init), or begin with a copy of the log of another node.',
    )
  }
  return { name: 'resume', offset: followed.offset, digest: followed.digest }
}

/**
 * Decide what to do with a message. No clock and no configuration: the same messages make the same log on every node.
 *
 * @throws STREAM_GAP, STREAM_KEY, STREAM_NEWER, LOG_DIVERGED: an operator must act; no message is ever skipped
 */
export function decideStep(
  phase: Phase,
  delivery: StreamDelivery,
  { log, stream, key }: { readonly log: KnownLog; readonly stream: string; readonly key: FleetKey },
): Step {
  if (phase.name === 'resume') return resume(phase, delivery, log, stream)
  const entry = readMessage(delivery, key)
  if (entry.type === 'unreadable') {
    throw new MixmatchError(
      'STREAM_NEWER',
      `stream ${stream}, message ${delivery.offset}: written by a newer Mixmatch (${entry.problem}). Upgrade this ` +
        'node: it goes on with this message, and nothing is lost.',
    )
  }
  if (phase.name === 'begin') {
    if (entry.type !== 'begin') throw wrongBeginning(log, stream, delivery.offset)
    return { next: afterCompared(log, position(0)), append: null, through: entry.through.position }
  }
  // Two nodes may begin a new stream at the same time: the first of these messages counts
  if (entry.type === 'begin') return { next: phase, append: null, through: null }
  const streamed =
    entry.type === 'forged'
      ? { event: createForgedEvent(delivery), recordedAt: null }
      : { event: entry.event, recordedAt: entry.recordedAt }
  return phase.name === 'follow'
    ? { next: phase, append: streamed, through: null }
    : { next: compare(phase.compared, streamed, log, stream), append: null, through: null }
}

function resume(
  phase: Extract<Phase, { name: 'resume' }>,
  delivery: StreamDelivery,
  log: KnownLog,
  stream: string,
): Step {
  if (delivery.offset < phase.offset) return { next: phase, append: null, through: null }
  if (delivery.offset > phase.offset) {
    throw needsCopy(
      log,
      `the stream ${stream} begins at offset ${delivery.offset}, and this log was at ${phase.offset}: what is ` +
        'between them was deleted, because the retention of the stream is shorter than the absence of this node',
    )
  }
  if (digestOfMessage(delivery) !== phase.digest) {
    throw needsCopy(
      log,
      `the stream ${stream} has another message at offset ${phase.offset}: it was deleted and begun again`,
    )
  }
  return { next: { name: 'follow' }, append: null, through: null }
}

/** Compare an event with the log. Returns the next phase. */
function compare(
  compared: Position,
  { event, recordedAt }: StreamedEvent,
  log: KnownLog,
  stream: string,
): Phase {
  const at = log.find(event.serviceProvider, event.messageId)
  if (at !== null && at <= compared) return { name: 'compare', compared } // it is in the stream twice
  const next = position(compared + 1)
  const before = log.get(compared)?.recordedAt ?? micros(0)
  const time = micros(Math.max(recordedAt ?? before, before)) // as it would be appended
  const previous = log.get(compared)?.hash ?? GENESIS
  if (chain(previous, next, time, event) === log.get(next)?.hash) {
    return afterCompared(log, next)
  }
  throw new MixmatchError(
    'LOG_DIVERGED',
    `${log.file}: event ${next} is not that of the stream ${stream}. This log has other events: begin with ` +
      'no log or with a copy of the log of another node, or publish this log into a stream with a new name ' +
      '(mixmatch fleet init).',
  )
}

function afterCompared(log: KnownLog, compared: Position): Phase {
  return compared < log.head().position ? { name: 'compare', compared } : { name: 'follow' }
}

function wrongBeginning({ file }: KnownLog, stream: string, offset: number): MixmatchError {
  if (offset > 0) {
    const what = `the stream ${stream} begins at offset ${offset}: its retention has deleted what was before`
    return needsCopy({ file }, what)
  }
  return new MixmatchError(
    'STREAM_KEY',
    `stream ${stream}: its first message is not signed with the key of this node. All nodes of a fleet need the same ` +
      'password in [auth], or without one the same messagebus of each cloud. If somebody else wrote that message, ' +
      'delete the stream.',
  )
}

function needsCopy({ file }: Pick<KnownLog, 'file'>, what: string): MixmatchError {
  return new MixmatchError(
    'STREAM_GAP',
    `${file}: ${what}. Stop this node and put a copy of the log of another node in its place ` +
      '(mixmatch log backup). Nothing was appended.',
  )
}
