import type { ChildProcess } from 'node:child_process'

/**
 * What the supervisor tells a worker.
 *
 * - `retire`: another worker has taken over: finish what is in hand, however long it takes, and end.
 * - `drain`: the proxy is about to end: let load balancers know by a failing health check.
 *
 * With either, every answer is the last on its connection.
 */
export type Order = 'retire' | 'drain'

/** Tell a child; one that is gone already needs no telling. */
export function giveOrder(child: ChildProcess, order: Order): void {
  if (child.connected) child.send(order, () => {})
}

export function onOrder(listener: (order: Order) => void): void {
  process.on('message', message => {
    if (message === 'retire' || message === 'drain') listener(message)
  })
}
