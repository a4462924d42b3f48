import cluster from 'node:cluster'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import { createChildProcesses } from '../../src/process/child-processes.js'

// node:cluster of this process has the workers of all tests, so they run one at a time.

test.serial(
  'a connection that was sent to a dying worker is closed or served, and does not hang',
  async t => {
    const { port, worker } = await startHangingWorker(t)
    worker.kill('SIGUSR2')
    await setTimeout(300)
    const sockets = connectClients(t, port)
    await setTimeout(500)
    worker.kill('SIGKILL')
    await assertAllEnd(t, sockets)
  },
)

test.serial(
  'a connection that the last worker does not accept any more is closed, and does not hang',
  async t => {
    const { port, worker } = await startHangingWorker(t)
    worker.kill('SIGHUP')
    await setTimeout(300)
    await assertAllEnd(t, connectClients(t, port))
  },
)

async function startHangingWorker(t: ExecutionContext) {
  t.timeout(180_000)
  const plan = {
    mainScript: fileURLToPath(new URL('hanging-worker.ts', import.meta.url)),
    options: [],
    env: process.env,
    recorder: false,
    workers: 1,
  }
  const children = createChildProcesses(plan, {
    gracefulTimeoutMs: () => 0,
    onDeath() {},
    onExit() {},
    logger: pino({ level: 'silent' }),
  })
  t.teardown(() => children.stop())
  const listening = once(cluster, 'listening')
  await children.start()
  const [, { port }] = await listening
  t.is(await (await fetch(`http://127.0.0.1:${port}`)).text(), 'answered')
  const worker = children.workers[0]?.current()
  if (!worker) throw new Error('there is one worker')
  return { port: Number(port), worker }
}

/** Clients that send a request, whose response or end they have not seen yet. */
function connectClients(t: ExecutionContext, port: number): readonly Socket[] {
  return [1, 2, 3].map(() => {
    const socket = connect(port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    socket.on('error', () => {})
    socket.once('connect', () =>
      socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
    )
    return socket.resume()
  })
}

async function assertAllEnd(t: ExecutionContext, sockets: readonly Socket[]): Promise<void> {
  const closed = sockets.map(
    socket => socket.closed || new Promise(resolve => socket.once('close', resolve)),
  )
  const outcome = await Promise.race([
    Promise.all(closed).then(() => 'all were answered or closed'),
    setTimeout(90_000, 'some hang', { ref: false }),
  ])
  t.is(outcome, 'all were answered or closed')
}
