import { createServer } from 'node:http'
import { tellReady } from '../../src/process/child-messages.js'

/**
 * A worker that answers every request. After SIGUSR2 it hangs. After SIGHUP it is busy for a second, and then
 * takes no more connections.
 */
const server = createServer((_, res) => res.end('answered'))
process.on('SIGUSR2', () => {
  for (;;);
})
process.on('SIGHUP', () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
  server.close()
})
process.on('SIGTERM', () => process.exit())
server.listen(0, '127.0.0.1', tellReady)
