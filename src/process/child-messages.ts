import type { SpName } from '../ids.js'
import type { MetricsSnapshot } from '../metrics/snapshot.js'

/** What a process tells about itself. */
export interface ProcessStatus {
  readonly metrics: MetricsSnapshot
  /** What it cannot do at the moment; empty while all is well. */
  readonly missing: readonly Missing[]
  /** What does not work, while everything else does. */
  readonly degraded: readonly Degraded[]
}

/** Something without which requests are not served, or nothing is recorded. */
export interface Missing {
  readonly part: 'recorder' | 'event log' | 'views' | 'workers' | 'keystone'
  readonly reason: string
}

/** A message bus that is not listened to: its queue keeps the notifications, and requests are served. */
export interface Degraded {
  readonly part: 'bus'
  readonly service_provider: SpName
  readonly reason: string
}

/** What a child process sends to the supervisor: that it does its work, why it cannot, how it is. */
export type ChildMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'status'; readonly status: ProcessStatus }

/**
 * What the supervisor sends to a child process.
 *
 * - `status`: send your status.
 * - `drain`: the proxy is about to end: fail the health check, so that load balancers stop sending.
 * - `reopen-log`: the log file was rotated: open it again.
 * - `finish`: another worker has taken over: finish the requests in hand, however long they take, and exit.
 *
 * After `drain` and `finish` every response is the last on its connection.
 */
export type SupervisorMessage = 'status' | ChildCommand
type ChildCommand = 'drain' | 'finish' | 'reopen-log'

/** Tell the supervisor that this process does its work. */
export function tellReady(): void {
  void send({ type: 'ready' })
}

/** Tell the supervisor why this process is about to end; it goes into the log there. */
export function tellFailure(reason: string): Promise<void> {
  return send({ type: 'failed', reason })
}

/**
 * Send the status of this process whenever the supervisor asks for it.
 *
 * @returns a function to send it without being asked, before the end
 */
export function answerStatusRequests(status: () => Promise<ProcessStatus>): () => Promise<void> {
  const sendStatus = async () => send({ type: 'status', status: await status() })
  process.on('message', message => {
    // Nothing to tell in the middle of an exit: then the supervisor counts no answer.
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

/** Settles when the message is on its way; at once where nobody listens any more. */
function send(message: ChildMessage): Promise<void> {
  return new Promise(resolve => {
    if (process.connected) process.send?.(message, () => resolve())
    else resolve()
  })
}
