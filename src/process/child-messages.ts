import type { FleetStatus } from '../fleet/fleet-status.js'
import type { SpName } from '../ids.js'
import type { MetricsSnapshot } from '../metrics/snapshot.js'

/** The status that a process reports about itself. */
export interface ProcessStatus {
  readonly metrics: MetricsSnapshot
  /** What it lacks for its work; empty if all is well. */
  readonly missing: readonly Missing[]
  /** What does not work at the moment, although the process does its work. */
  readonly degraded: readonly Degraded[]
  /** The part of this node in its fleet. Only the recorder of a node in a fleet reports it. */
  readonly fleet?: FleetStatus
}

/** Without this, requests are not served, or nothing is recorded. */
export interface Missing {
  readonly part: 'recorder' | 'event log' | 'fleet' | 'views' | 'workers' | 'keystone'
  readonly reason: string
}

/** A message bus without a connection. Its queue keeps the notifications, and requests are served. */
export interface Degraded {
  readonly part: 'bus'
  readonly service_provider: SpName
  readonly reason: string
}

/** A message of a child process to the supervisor: it is ready, it has failed, or its status. */
export type ChildMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'status'; readonly status: ProcessStatus }

/**
 * A message of the supervisor to a child process.
 *
 * - `status`: send your status.
 * - `begin`: the views are built. A worker may open them and accept connections.
 * - `drain`: the proxy will stop soon. Fail the health check, so that load balancers stop sending.
 * - `reopen-log`: the log file was rotated. Open it again.
 * - `finish`: another worker has replaced this one. Finish the running requests without a time limit, and exit.
 *
 * After `drain` and `finish` the worker closes each connection after the next response on it.
 */
export type SupervisorMessage = 'status' | ChildCommand
type ChildCommand = 'begin' | 'drain' | 'finish' | 'reopen-log'

/** Tell the supervisor that this process is ready. */
export function tellReady(): void {
  void send({ type: 'ready' })
}

/** Tell the supervisor why this process is about to end. The supervisor logs it. */
export function tellFailure(reason: string): Promise<void> {
  return send({ type: 'failed', reason })
}

/**
 * Send the status of this process whenever the supervisor requests it.
 *
 * @returns a function that sends the status without a request, for the end of the process
 */
export function answerStatusRequests(status: () => Promise<ProcessStatus>): () => Promise<void> {
  const sendStatus = async () => send({ type: 'status', status: await status() })
  process.on('message', message => {
    // During an exit there may be no status. The supervisor then gets no answer.
    if (message === ('status' satisfies SupervisorMessage)) sendStatus().catch(() => {})
  })
  return sendStatus
}

export type OnCommand = (command: ChildCommand, listener: () => void) => void

/** Listen to a command of the supervisor. */
export const onCommand: OnCommand = (command, listener) => {
  process.on('message', message => {
    if (message === command) listener()
  })
}

/** Settles when the message was sent; at once if the supervisor is not connected any more. */
function send(message: ChildMessage): Promise<void> {
  return new Promise(resolve => {
    if (process.connected) process.send?.(message, () => resolve())
    else resolve()
  })
}
