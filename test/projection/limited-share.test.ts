import test from 'ava'
import { limitShare } from '../../src/projection/limited-share.js'

/** Work of a duration that the test sets, with a clock of its own. */
function start(durationMs: number) {
  const clock = { nowMs: 1000, durationMs, runs: 0 }
  const limited = limitShare(
    () => {
      clock.nowMs += clock.durationMs
      clock.runs += 1
    },
    { now: () => clock.nowMs, usedMs: () => clock.nowMs },
  )
  return { clock, limited }
}

test('short work is done at each call', t => {
  const { clock, limited } = start(100)
  for (let count = 0; count < 5; count += 1) limited.run()
  t.is(clock.runs, 5)
  t.false(limited.isWaiting())
})

test('after long work there is a pause of nine times its duration, and what waits is done after it', t => {
  const { clock, limited } = start(200)
  limited.run()
  t.false(limited.isWaiting(), 'nothing was left out')
  clock.nowMs += 1799
  limited.run()
  t.is(clock.runs, 1)
  t.true(limited.isWaiting())
  clock.nowMs += 1
  limited.run()
  t.is(clock.runs, 2)
  t.false(limited.isWaiting())
})

test('work that throws is done again at the next call', t => {
  let fails = true
  const limited = limitShare(() => {
    if (fails) throw new Error('damaged')
  })
  t.throws(() => limited.run())
  fails = false
  t.notThrows(() => limited.run())
  t.false(limited.isWaiting())
})
