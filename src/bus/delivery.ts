import type { SpName } from '../ids.js'

/** A message from a bus, before it is parsed. */
export interface Delivery {
  readonly serviceProvider: SpName
  readonly exchange: string // 'glance'; '' if there is none
  readonly routingKey: string // 'notifications.info'
  /** kombu's header `compression`, e.g. `application/x-gzip`; null if the body is not compressed. */
  readonly compression: string | null
  /** Whether the bus has delivered it before, without an acknowledgement. */
  readonly redelivered: boolean
  /** The body, byte for byte as published. */
  readonly body: Buffer
}

/**
 * Called with each batch, in the order of arrival. When it returns, or its promise resolves, the batch is
 * recorded and is then acknowledged. If it throws, the bus delivers the same messages again.
 *
 * @param previous given if it is called before the batch before is recorded. Nothing of this batch may be recorded until
 *   that has resolved; if it rejects, this batch is not recorded either
 */
export type OnDeliveries = (
  batch: readonly Delivery[],
  previous?: Promise<void>,
) => void | Promise<void>
