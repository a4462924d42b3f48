import type { IncomingMessage } from 'node:http'

/** Whether the client waits for 100 Continue before it sends the body. HTTP/1.0 has no such response. */
export function awaitsContinue({ headers, httpVersion }: IncomingMessage): boolean {
  return headers.expect !== undefined && httpVersion === '1.1'
}
