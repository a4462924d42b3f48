import { readdirSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { logIn } from '../sandbox/clouds.js'
import { until } from '../until.js'
import { processesOf } from './processes.js'
import { type ProxyMachine, startProxyMachine } from './proxy-machine.js'
import { scale } from './scale.js'

const IMAGE = '/image/v2/images/22222222-2222-4222-8222-222222222222/file'
/** More than the buffers of the sockets on the way take. */
const IMAGE_BYTES = 16 * 1024 * 1024
const AT_ONCE = 50
const HOLD_MS = 5_000
/** For each client: 128 KiB of the image, and what belongs to its request and two connections. */
const MAX_BYTES_EACH = 192 * 1024
/** The heap before its first large collection. */
const MAX_BYTES_MORE = 64e6
const OTHERS = 20
/** Open files that belong to no client. */
const OTHER_FILES = 500
/** The images of fifty clients begin in this time. */
const PATIENCE_MS = 120_000
const PIECE = Buffer.alloc(256 * 1024)

test('clients that stop reading large images take little memory, and others are served', async t => {
  const begun: unknown[] = []
  const machine = await startProxyMachine(t, {
    clouds: ['default', 'sp1'],
    options: ['workers = 1'],
    intercept(_, { url }, res) {
      if (url !== IMAGE) return false
      begun.push(url)
      let left = IMAGE_BYTES / PIECE.length
      const more = () => {
        while (left-- > 0) if (!res.write(PIECE)) return
        res.end()
      }
      res.on('drain', more).on('error', () => {})
      res.writeHead(200, {
        'Content-Type': 'application/octet-stream',
        'Content-Length': IMAGE_BYTES,
      })
      more()
      return true
    },
  })
  const { federation, node } = machine
  await node.start()
  await node.untilReady()
  const user = await logIn(federation.cloud('default'))
  const volumes = `${node.url}/volume/v3/${user.project}/volumes`
  t.is((await user.call('GET', volumes)).status, 200)
  const before = residentBytes(machine)

  const clients: Socket[] = []
  t.teardown(() => clients.forEach(client => void client.destroy()))
  const count = Math.min(scale.slowClients, mostClients())
  while (clients.length < count) {
    const some = Array.from({ length: AT_ONCE }, () => startSlowClient(node.url, user.token))
    clients.push(...some)
    await until('the images are on their way', () => begun.length >= clients.length, PATIENCE_MS)
  }
  await sleep(HOLD_MS)
  const grown = residentBytes(machine) - before
  t.log(`${clients.length} clients: ${(grown / 1e6).toFixed(0)} MB more`)
  t.true(grown < clients.length * MAX_BYTES_EACH + MAX_BYTES_MORE)
  t.deepEqual(
    clients.filter(client => client.destroyed),
    [],
  )

  const startedAt = performance.now()
  for (let count = 0; count < OTHERS; count++) t.is((await user.call('GET', volumes)).status, 200)
  t.log(`${OTHERS} requests of others: ${(performance.now() - startedAt).toFixed(0)} ms`)

  for (const client of clients) client.destroy()
  const handles = () => handlesOf(machine)
  await until('the sockets are closed', () => handles() < AT_ONCE + OTHERS, PATIENCE_MS)
  t.is((await user.call('GET', volumes)).status, 200)
})

/** Asks for an image, and reads none of it. */
function startSlowClient(url: string, token: string): Socket {
  const { hostname, port, host } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  socket.pause()
  socket.write(
    `GET ${IMAGE} HTTP/1.1\r\nHost: ${host}\r\nX-Auth-Token: ${token}\r\nMM-SERVICE-PROVIDER: sp1\r\n\r\n`,
  )
  return socket
}

/** The worker has two sockets for each client, and so has this process. */
function mostClients(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8')
  const files = /^Max open files +\d+ +(\d+)/m.exec(limits)?.[1]
  return Math.floor((Number(files ?? Number.POSITIVE_INFINITY) - OTHER_FILES) / 2)
}

function workerOf({ node }: ProxyMachine): number {
  const worker = processesOf(node).find(({ role }) => role === 'worker')
  if (!worker) throw new Error('no worker runs')
  return worker.pid
}

function residentBytes(machine: ProxyMachine): number {
  const status = readFileSync(`/proc/${workerOf(machine)}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}

function handlesOf(machine: ProxyMachine): number {
  return readdirSync(`/proc/${workerOf(machine)}/fd`).length
}
