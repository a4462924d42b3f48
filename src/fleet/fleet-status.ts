import type { Micros, SpName } from '../ids.js'

/** The status of this node in its fleet, for readiness, metrics and `doctor`. */
export interface FleetStatus {
  /** `mixmatch at h1:5672,h2:5672/vhost`, without credentials. */
  readonly stream: string
  /**
   * - `connecting`: not connected to the stream, or not yet delivered anything from it.
   * - `joining`: it reads what it has missed. It is not ready, and collects nothing yet.
   * - `following`: it has once been at the end of the stream.
   * - `stopped`: it cannot follow, and an operator must act: see `problem`.
   */
  readonly state: 'connecting' | 'joining' | 'following' | 'stopped'
  /** Why it does not follow at the moment, without credentials; null if it does. */
  readonly problem: string | null
  /** The broker from which it reads: `h1:5672`; null if there is none. */
  readonly host: string | null
  /** The offset of the last message that is in the log; null if there is none. */
  readonly offset: number | null
  /** The offset of the last message in the stream, when it was last read; null if unknown. */
  readonly endOffset: number | null
  /** How many messages it is behind; null if unknown. */
  readonly lagEvents: number | null
  /** For how long it has been behind, by the clock of this node: 0 at the end of the stream. */
  readonly lagSeconds: number | null
  /** When the stream last confirmed a message of this node. */
  readonly lastConfirmAt: Micros | null
  /** Messages of this node that the stream has not confirmed. */
  readonly unconfirmed: number
  /** Since the start: messages whose event the log had already. */
  readonly duplicates: number
  /** Since the start: messages without a valid signature. */
  readonly forged: number
  readonly buses: readonly FleetBus[]
}

/** The part of this node at one message bus. */
interface FleetBus {
  readonly serviceProvider: SpName
  /** `host:5672/vhost` */
  readonly bus: string
  /**
   * `active`: the broker has made it the consumer of this queue, until its connection breaks. `waiting`: another node
   * is, or nothing was delivered yet, so this node cannot know. `lost`: no connection.
   */
  readonly role: 'active' | 'waiting' | 'lost'
}
