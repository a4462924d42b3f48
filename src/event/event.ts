import type { Micros, Position, ProjectId, ResourceId, ResourceKey, SpName } from '../ids.js'

/**
 * What an event does to the location of its resource.
 *
 * - `created`: it exists here, whatever was known before (create.start, manage, exists).
 * - `changed`: it exists here unless a deletion is known (update, resize, create.end, a reply seen).
 * - `transferred`: as `changed`, and it and what was made from it belong to another project now.
 * - `deleted`: it is gone, for all that was emitted before.
 * - `noted`: kept for audit, moves nothing.
 *
 * The order is part of the stored form (`event/stored.ts`): append only.
 */
export const eventKinds = ['noted', 'created', 'changed', 'transferred', 'deleted'] as const
export type EventKind = (typeof eventKinds)[number]

/**
 * Who says so: a notification bus, the proxy from an answer it passed on, the recorder about
 * itself (a bus lost, a queue declared anew), a reconcile that listed the cloud, an import of what
 * another program had learned.
 */
export const eventSources = ['bus', 'proxy', 'recorder', 'reconcile', 'import'] as const
export type EventSource = (typeof eventSources)[number]

/** Forms that a notification comes in. */
export const envelopes = ['2.0', '1.0', 'none'] as const

/** How a notification came, so that it can be published again in the same form. */
export interface Wire {
  readonly exchange: string // 'glance'; '' where there was none
  readonly routingKey: string // 'notifications.info'
  /** `2.0` is the oslo.messaging envelope (driver messagingv2), `1.0` the bare message, `none` neither. */
  readonly envelope: (typeof envelopes)[number]
}

/** One fact at one service provider. Complete before it reaches the log, and never edited after. */
export interface Event {
  readonly serviceProvider: SpName
  readonly source: EventSource
  /** Unique per service provider: appending twice is harmless. A UUID, else any text. */
  readonly messageId: string
  /** As published (`volume.create.start`), or ours (`mixmatch.unparseable`). */
  readonly eventType: string
  readonly kind: EventKind
  /** By the clock of the cloud that emitted it; null where it does not say. */
  readonly emittedAt: Micros | null
  readonly resource: ResourceKey | null
  readonly project: ProjectId | null
  /** What the resource was made from and moves with: the volume of a snapshot. */
  readonly parent: ResourceId | null
  readonly wire: Wire
  /** The message, redacted, as JSON text: the inner oslo message without its envelope. */
  readonly body: string
}

/** An event in its place in the log. */
export interface RecordedEvent extends Event {
  readonly position: Position
  readonly recordedAt: Micros
  /** SHA-256 over the predecessor's hash and this event's canonical bytes, 64 hex digits. */
  readonly hash: string
}

/** Event types of our own, all of kind `noted` but for those that tell where something is. */
export const ownEventTypes = {
  unparseable: 'mixmatch.unparseable',
  busConnected: 'mixmatch.bus.connected',
  busLost: 'mixmatch.bus.lost',
  queueDeclared: 'mixmatch.queue.declared',
  exchangeDurable: 'mixmatch.exchange.durable',
  exchangeTransient: 'mixmatch.exchange.transient',
  exchangeRedeclared: 'mixmatch.exchange.redeclared',
  duplicatesAbsorbed: 'mixmatch.duplicates.absorbed',
  observedCreated: 'mixmatch.observed.created',
  observedFound: 'mixmatch.observed.found',
  observedMissing: 'mixmatch.observed.missing',
  networkExtended: 'mixmatch.network.extended',
  observedAbsent: 'mixmatch.observed.absent',
  reconcileUnknown: 'mixmatch.reconcile.unknown',
  reconcileReturned: 'mixmatch.reconcile.returned',
  reconcileOwner: 'mixmatch.reconcile.owner',
  reconcileGone: 'mixmatch.reconcile.gone',
  reconcileFinished: 'mixmatch.reconcile.finished',
  reconcileIncomplete: 'mixmatch.reconcile.incomplete',
  mappingImported: 'mixmatch.mapping.imported',
} as const
