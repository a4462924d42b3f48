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
  timer.start(500)
  await new Promise<void>(resolve => {
    setTimeout(() => {
      // like a socket, which is read after the timers
      setImmediate(() => {
        timer.touch()
        setImmediate(resolve) // the timer has looked again
      })
      const end = performance.now() + 600
      while (performance.now() < end);
    }, 10)
  })
  t.false(isIdle)
  timer.stop()
})

test('a timer that was suspended expires only after its next start, and in its time', async t => {
  const expired: number[] = []
  const begun = performance.now()
  const timer = createIdleTimer(() => expired.push(performance.now() - begun))
  timer.start(30)
  timer.suspend()
  await delay(80)
  t.deepEqual(expired, [])
  timer.start(60_000)
  timer.start(30)
  await delay(80)
  t.is(expired.length, 1)
  t.true((expired[0] ?? 0) >= 105)
})

test('a timer with activity expires a whole limit after the last of it', async t => {
  const expired: number[] = []
  const timer = createIdleTimer(() => expired.push(performance.now()))
  timer.start(100)
  await delay(60)
  const last = performance.now()
  timer.touch()
  while (expired.length === 0) await delay(10)
  t.true((expired[0] ?? 0) - last >= 99)
})
