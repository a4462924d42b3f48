import type { Logger } from 'pino'
import type { BackoffOptions } from '../backoff.js'
import type { Event } from '../event/event.js'
import type { Micros, SpName } from '../ids.js'
import type { BatchOptions } from './batches.js'
import type { OnDeliveries } from './delivery.js'

/** A message bus from which messages are consumed. */
export interface Bus {
  readonly serviceProvider: SpName
  /** `host:5672/vhost`, or the path of a file; see `nameOfBus`. */
  readonly name: string
  status(): BusStatus
  /** Resolves after its signal, when all deliveries in progress are acknowledged. Never rejects. */
  readonly stopped: Promise<void>
}

/** The status of a bus at one moment, for readiness, metrics and people. */
export interface BusStatus {
  /** `connecting` for the first time, `retrying` after any failure. */
  readonly state: 'connecting' | 'connected' | 'retrying' | 'stopped'
  /** When the state began. */
  readonly since: Micros
  /** Why it is not connected, without credentials. */
  readonly lastError: string | null
  /** Exchanges that are not bound: they do not exist yet, or may not be read. */
  readonly missing: readonly string[]
  /** Messages that were acknowledged since the start. */
  readonly delivered: number
  readonly lastDeliveryAt: Micros | null
  /** The number of messages that wait in our queue; null without a queue, or if nobody has asked yet. */
  readonly waiting: number | null
}

export interface BusOptions {
  readonly serviceProvider: SpName
  /** `rabbit://…` or `file:///…`, see `parseTransportUrl`. */
  readonly url: string
  readonly onDeliveries: OnDeliveries
  readonly logger: Logger
  /** Stops it: no more messages are accepted, and deliveries in progress are finished. */
  readonly signal: AbortSignal
  readonly backoff?: BackoffOptions
  readonly batch?: BatchOptions
}

/** Options for RabbitMQ. */
export interface AmqpOptions extends BusOptions {
  /** Exchanges to bind the queue to, as soon as they exist. */
  readonly exchanges: readonly string[]
  /** How the exchanges of that cloud were declared at the last check, from the events of `onBusEvent`. */
  readonly knownExchanges: readonly ExchangeDurability[]
  /**
   * Distinguishes the buses of a cloud in the log. It is empty for the only bus of a cloud, so that it
   * remains the same bus if its host is renamed.
   */
  readonly label: string
  readonly queue: QueueOptions
  readonly tls: TlsOptions
  /** Records events about the bus itself: connected, lost, the durability of an exchange. */
  readonly onBusEvent: (event: Event) => void | Promise<void>
  /** `heartbeat_timeout_threshold` of the URL has priority. 60 by default, 0 for none. */
  readonly heartbeatSeconds?: number
  /** How often exchanges are checked. 10,000 by default. */
  readonly recheckMs?: number
  /** For each host. 10,000 by default. */
  readonly connectTimeoutMs?: number
  /** How long the broker may take to confirm the end of the consumer. 10,000 by default. */
  readonly closeTimeoutMs?: number
}

interface ExchangeDurability {
  /** The label of its bus. */
  readonly bus: string
  readonly name: string
  readonly durable: boolean
}

export interface QueueOptions {
  /** Nobody else may consume it: two consumers would each get half of the messages, unless it is `shared`. */
  readonly name: string
  /** The broker drops the oldest messages beyond this; 0 for no limit. */
  readonly maxBytes: number
  /** The broker deletes the queue after this time without a consumer; 0 for never. */
  readonly expiresSeconds: number
  /**
   * The nodes of a fleet share the queue: it is replicated, and the broker delivers to one of them at a time, so the
   * order stays.
   */
  readonly shared?: boolean
  /** Another queue of ours. When this one is bound, it is emptied and deleted, unless it has another consumer. */
  readonly earlier?: string
}

export interface TlsOptions {
  /** A PEM file of authorities instead of the system's; `ssl_ca_file` of the URL has priority. */
  readonly caFile: string | null
  /** Whether any certificate is accepted. */
  readonly insecure: boolean
}
