import type { ChildProcess } from 'node:child_process'
import type { Worker } from 'node:cluster'

/** The workers that accept connections. node:cluster, too, exists once in a process. */
const accepting = new Set<ChildProcess>()

/**
 * Close the connections that were sent to a worker which exits before it accepts them, or that the last worker
 * sends back. node:cluster forgets them: they stay open in this process, and their clients wait.
 *
 * A worker begins to listen with the message `{act: 'queryServer'}` and ends with `{act: 'close'}`. node:cluster
 * sends it each connection with `{cmd: 'NODE_CLUSTER', act: 'newconn', seq}`, and the worker answers with
 * `{ack: seq, accepted}`. Then node:cluster closes it in this process, or sends it to another worker.
 */
export function closeUntakenConnections({ process: child }: Worker): void {
  const unaccepted = new Map<unknown, Closable>()
  const send = child.send.bind(child)
  child.send = (message, ...rest: unknown[]) => {
    const [handle] = rest
    if (isObject(message) && message['act'] === 'newconn' && isClosable(handle)) {
      unaccepted.set(message['seq'], handle)
    }
    return Reflect.apply(send, child, [message, ...rest])
  }

  function onAnswer({ ack, accepted }: Readonly<Record<string, unknown>>): void {
    // node:cluster has read this message, and keeps the connection for the next worker that is free.
    if (accepted === false && accepting.size === 0) unaccepted.get(ack)?.close()
    unaccepted.delete(ack)
  }

  child.on('internalMessage', (message: unknown) => {
    if (!isObject(message)) return
    if (message['act'] === 'queryServer') accepting.add(child)
    if (message['act'] === 'close') accepting.delete(child)
    if ('ack' in message) onAnswer(message)
  })
  child.once('exit', () => {
    accepting.delete(child)
    for (const handle of unaccepted.values()) handle.close()
  })
}

interface Closable {
  close(): void
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function isClosable(value: unknown): value is Closable {
  return isObject(value) && typeof value['close'] === 'function'
}
