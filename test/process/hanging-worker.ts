import { createServer } from 'node:http'
import { tellReady } from '../../src/process/child-messages.js'

/** A worker that answers every request; after SIGUSR2 it hangs. */
const server = createServer((_, res) => res.end('answered'))
process.on('SIGUSR2', () => {
  for (;;);
})
process.on('SIGTERM', () => process.exit())
server.listen(0, '127.0.0.1', tellReady)
