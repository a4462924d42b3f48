import cluster from 'node:cluster'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { pino } from 'pino'
import { createChildProcesses } from '../../src/process/child-processes.js'

test('a connection that was sent to a dying worker is closed or served, and does not hang', async t => {
  t.timeout(120_000)
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

  const [worker] = children.workers
  const hanging = worker?.current()
  hanging?.kill('SIGUSR2')
  await setTimeout(300)
  const sockets = [1, 2, 3].map(() => connect(port, '127.0.0.1'))
  const closed = sockets.map(
    socket =>
      new Promise(resolve => {
        socket.on('error', () => {}).once('close', resolve)
        socket.once('connect', () =>
          socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
        )
        socket.resume()
      }),
  )
  await setTimeout(500)
  hanging?.kill('SIGKILL')
  const outcome = await Promise.race([
    Promise.all(closed).then(() => 'all were answered or closed'),
    setTimeout(20_000, 'some hang', { ref: false }),
  ])
  for (const socket of sockets) socket.destroy()
  t.is(outcome, 'all were answered or closed')
})
