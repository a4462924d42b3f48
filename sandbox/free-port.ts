import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Below the ports that systems give to connections and to servers without a port of their own: 32768 on Linux,
 * 49152 elsewhere. One of those could be taken before it is used, or while its server is started again.
 */
const LEAST = 20_000
const MOST = 32_767

/** A loopback port that nobody listens on, and that nobody gets who does not ask for it. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(LEAST, MOST + 1)
    if (tried.has(port)) continue
    tried.add(port)
    if (await isFree(port)) return port
  }
}

/** By this process. */
const tried = new Set<number>()

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return false
    throw error
  }
  server.close()
  await once(server, 'close')
  return true
}
