import type { Micros, Position, ProjectId, ResourceId, ResourceKey, SpName } from '../ids.js'

/**
 * What an event means for the location of its resource.
 *
 * - `created`: it exists here, also after an earlier deletion (create.start, manage, exists).
 * - `changed`: it exists here unless it was deleted (update, resize, create.end, a response of the cloud).
 * - `transferred`: as `changed`, and it and its snapshots now belong to another project.
 * - `deleted`: it no longer exists. Only a later creation restores it.
 * - `noted`: only for audit, does not change a location.
 *
 * The order is part of the stored form (`event/stored.ts`): add new kinds only at the end.
 */
export const eventKinds = ['noted', 'created', 'changed', 'transferred', 'deleted'] as const
export type EventKind = (typeof eventKinds)[number]

/**
 * Where an event comes from: a notification bus, a response that the proxy forwarded, the recorder about
 * itself (bus lost, queue declared again), `reconcile`, which lists the cloud, or an import of the data
 * of another program.
 */
export const eventSources = ['bus', 'proxy', 'recorder', 'reconcile', 'import'] as const
export type EventSource = (typeof eventSources)[number]

/** The formats of notifications. */
export const envelopes = ['2.0', '1.0', 'none'] as const

/** How a notification was published. Replay publishes it again in the same form. */
export interface Wire {
  readonly exchange: string // 'glance'; '' if there was none
  readonly routingKey: string // 'notifications.info'
  /** `2.0` is the oslo.messaging envelope (driver messagingv2), `1.0` the bare message, `none` neither. */
  readonly envelope: (typeof envelopes)[number]
}

/** One fact at one service provider. It is complete before it is recorded, and never changed later. */
export interface Event {
  readonly serviceProvider: SpName
  readonly source: EventSource
  /** Unique per service provider, so appending twice is harmless. Usually a UUID, but it can be any text. */
  readonly messageId: string
  /** As published (`volume.create.start`), or one of ours (`mixmatch.unparseable`). */
  readonly eventType: string
  readonly kind: EventKind
  /** By the clock of the cloud that emitted it; null if the message has no time. */
  readonly emittedAt: Micros | null
  readonly resource: ResourceKey | null
  readonly project: ProjectId | null
  /** The resource that it was made from and moves with: the volume of a snapshot. */
  readonly parent: ResourceId | null
  readonly wire: Wire
  /** The message, redacted, as JSON text: the inner oslo message without its envelope. */
  readonly body: string
}

/** An event with its position in the log. */
export interface RecordedEvent extends Event {
  readonly position: Position
  readonly recordedAt: Micros
  /** SHA-256 over the previous event's hash and this event's canonical bytes, 64 hex digits. */
  readonly hash: string
}

/** Our own event types. All are of kind `noted`, except those that locate a resource. */
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
  streamForged: 'mixmatch.stream.forged',
} as const
