import { setTimeout as delay } from 'node:timers/promises'
import test from 'ava'
import { createIdleTimer } from '../../src/http-client/idle-timer.js'

test('an idle timer expires once, and never if it is stopped or has no limit', async t => {
  const told: string[] = []
  const timer = (name: string) => createIdleTimer(() => told.push(name))
  const [stopped, unlimited] = [timer('stopped'), timer('unlimited')]
  stopped.start(20)
  unlimited.start(0)
  stopped.stop()
  await new Promise<void>(resolve => createIdleTimer(resolve).start(50))
  const still = timer('still')
  still.start(20)
  while (told.length === 0) await delay(10)
  await delay(50)
  t.deepEqual(told, ['still'])
})

test('activity that arrived while the process was busy keeps the timer from expiring', async t => {
  let isIdle = false
  const timer = createIdleTimer(() => {
    isIdle = true
  })
  timer.start(100)
  setTimeout(() => {
    setImmediate(() => timer.touch()) // like a socket, which is read after the timers
    const end = performance.now() + 150
    while (performance.now() < end);
  }, 10)
  await delay(200)
  t.false(isIdle)
  timer.stop()
})
