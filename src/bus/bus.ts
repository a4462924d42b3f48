import type { Logger } from 'pino'
import type { BackoffOptions } from '../backoff.js'
import type { Event } from '../event/event.js'
import type { Micros, SpName } from '../ids.js'
import type { BatchOptions } from './batches.js'
import type { OnDeliveries } from './delivery.js'

/** A message bus that is being listened to. */
export interface Bus {
  readonly serviceProvider: SpName
  /** `host:5672/vhost`, or the path of a file; see `nameOfBus`. */
  readonly name: string
  status(): BusStatus
  /** Resolves when its signal has stopped it: what it held is taken and acknowledged. Never rejects. */
  readonly stopped: Promise<void>
}

/** How a bus is doing, for health, metrics and people. A value of its moment. */
export interface BusStatus {
  /** `connecting` for the first time, `retrying` after any failure. */
  readonly state: 'connecting' | 'connected' | 'retrying' | 'stopped'
  /** When it came into that state. */
  readonly since: Micros
  /** Why it is not connected, without credentials. */
  readonly lastError: string | null
  /** Exchanges from which nothing comes because they do not exist yet, or we may not read them. */
  readonly missing: readonly string[]
  /** Messages taken and acknowledged since the start. */
  readonly delivered: number
  readonly lastDeliveryAt: Micros | null
}

export interface BusOptions {
  readonly serviceProvider: SpName
  /** `rabbit://…` or `file:///…`, see `parseTransportUrl`. */
  readonly url: string
  readonly onDeliveries: OnDeliveries
  readonly logger: Logger
  /** Stops it: no more is taken in, and what is in hand is finished. */
  readonly signal: AbortSignal
  readonly backoff?: BackoffOptions
  readonly batch?: BatchOptions
}

/** What RabbitMQ needs beyond that. */
export interface AmqpOptions extends BusOptions {
  /** Those that are bound to our queue, as soon as they exist. */
  readonly exchanges: readonly string[]
  /** How the exchanges of that cloud were declared when they were last seen, as `onFact` told it. */
  readonly knownExchanges: readonly KnownExchange[]
  /**
   * By what the log tells this bus from others of its cloud. Empty for an only one, whose host may be
   * renamed: it remains the same bus.
   */
  readonly label: string
  readonly queue: QueueOptions
  readonly tls: TlsOptions
  /** Takes what the recorder says of the bus itself: connected, lost, an exchange's durability. */
  readonly onFact: (fact: Event) => void | Promise<void>
  /** Seconds; a URL's `heartbeat_timeout_threshold` goes before it. 60 by default, 0 for none. */
  readonly heartbeatSeconds?: number
  /** How often exchanges are looked for again, in milliseconds. 10,000 by default. */
  readonly recheckMs?: number
  /** How long a host may take to accept a connection, in milliseconds. 10,000 by default. */
  readonly connectTimeoutMs?: number
  /** How long a broker may take to say goodbye when it is stopped, in milliseconds. 10,000 by default. */
  readonly goodbyeMs?: number
}

export interface KnownExchange {
  /** The label of its bus. */
  readonly bus: string
  readonly name: string
  readonly durable: boolean
}

export interface QueueOptions {
  /** Ours alone: of two that consume from one queue, each gets half. */
  readonly name: string
  /** Beyond this the broker drops the oldest messages; 0 for no limit. */
  readonly maxBytes: number
  /** After so long without a consumer the broker deletes the queue; 0 for never. */
  readonly expiresSeconds: number
}

export interface TlsOptions {
  /** A PEM file of authorities to trust instead of the system's; a URL's `ssl_ca_file` goes before it. */
  readonly caFile: string | null
  /** Whether to accept any certificate. */
  readonly insecure: boolean
}
