import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'

/** Plays a node for HAProxy: it answers requests with its name, and health checks as the test sets them. */
export interface StandInNode {
  readonly url: string
  readonly opsUrl: string
  /** The methods of the requests that it received, health checks left out. */
  readonly received: string[]
  ready: boolean
  alive: boolean
  /** Break the connection of each request before the response. */
  breaks: boolean
}

export async function startStandInNode(t: ExecutionContext, name: string): Promise<StandInNode> {
  const node = { url: '', opsUrl: '', received: [] as string[] }
  const state = { ...node, ready: true, alive: true, breaks: false }
  state.url = await listen(t, ({ url, method = '', socket }, response) => {
    if (url === '/healthcheck') {
      response.writeHead(state.alive ? 200 : 503).end()
      return
    }
    state.received.push(method)
    if (state.breaks) socket.destroy()
    else response.end(name)
  })
  state.opsUrl = await listen(t, ({ url }, response) => {
    const ready = url === '/ready' && state.ready
    response.writeHead(ready ? 200 : 503).end()
  })
  return state
}

async function listen(t: ExecutionContext, onRequest: RequestListener): Promise<string> {
  const server: Server = createServer(onRequest).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
