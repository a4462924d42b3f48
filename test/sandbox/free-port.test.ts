import { once } from 'node:events'
import { createServer } from 'node:net'
import test from 'ava'
import { freePort } from '../../sandbox/free-port.js'

test('each free port is another one, which can be used, and which no connection gets by itself', async t => {
  const ports = await Promise.all(Array.from({ length: 50 }, freePort))
  t.is(new Set(ports).size, 50)
  for (const port of ports) {
    const server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening')
    server.close()
  }
  const assigned = createServer().listen(0, '127.0.0.1')
  t.teardown(() => assigned.close())
  await once(assigned, 'listening')
  const address = assigned.address()
  if (address === null || typeof address === 'string') return t.fail()
  t.true(address.port > Math.max(...ports))
})
