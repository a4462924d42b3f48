import type { SpName } from '../ids.js'

/** A message as a bus handed it over, before anything is read into it. */
export interface Delivery {
  readonly serviceProvider: SpName
  readonly exchange: string // 'glance'; '' where there was none
  readonly routingKey: string // 'notifications.info'
  /** kombu's header `compression`, e.g. `application/x-gzip`; null where the body is plain. */
  readonly compression: string | null
  /** Whether the bus handed it over before, and it was never acknowledged. */
  readonly redelivered: boolean
  /** The body, byte for byte as published. */
  readonly body: Buffer
}

/**
 * Takes a batch, in the order of arrival. When it returns, or what it returns is resolved, the
 * batch is safe and the bus forgets it. When it throws, the bus brings the same messages again.
 */
export type OnDeliveries = (batch: readonly Delivery[]) => void | Promise<void>
