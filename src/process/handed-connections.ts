import type { Worker } from 'node:cluster'

/**
 * Close the connections that were sent to a worker which exits before it accepts them. node:cluster
 * forgets them: they stay open in this process, and their clients wait for ever.
 *
 * node:cluster sends each connection with `{cmd: 'NODE_CLUSTER', act: 'newconn', seq}`, and the worker
 * answers with `{ack: seq}`. Then node:cluster closes it in this process, or sends it to another worker.
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
  child.on('internalMessage', (message: unknown) => {
    if (isObject(message)) unaccepted.delete(message['ack'])
  })
  child.once('exit', () => {
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
