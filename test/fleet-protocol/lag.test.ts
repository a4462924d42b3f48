import test from 'ava'
import { createLag } from '../../src/fleet/lag.js'
import { createPendingEvents } from '../../src/fleet/pending-events.js'
import { event } from '../controls.js'

test('a node knows how many messages it is behind, and for how long', t => {
  let nowMs = 0
  const lag = createLag(() => nowMs)
  t.deepEqual(lag.value(), { lagEvents: null, lagSeconds: null })
  lag.seen(9)
  nowMs = 3000
  t.deepEqual(lag.value(), { lagEvents: 10, lagSeconds: 3 })
  lag.reached(7)
  t.deepEqual(lag.value(), { lagEvents: 2, lagSeconds: 3 })
  lag.reached(9)
  t.deepEqual(lag.value(), { lagEvents: 0, lagSeconds: 0 })
  nowMs = 5000
  lag.seen(12)
  nowMs = 5500
  t.deepEqual(lag.value(), { lagEvents: 3, lagSeconds: 0.5 })
  lag.reached(14) // more came since the end was last read
  t.deepEqual(lag.value(), { lagEvents: 0, lagSeconds: 0 })
})

test('a node waits for its published events until all were read back, or until it stops', async t => {
  const pending = createPendingEvents()
  const [one, two, never] = [event(), event(), event()]
  let isBack = false
  const back = pending.expect([one, two]).then(() => {
    isBack = true
  })
  const lost = pending.expect([never])
  pending.settle([event(), one])
  await Promise.resolve()
  t.false(isBack)
  pending.settle([two, two])
  await back
  await t.notThrowsAsync(pending.expect([]))
  pending.abandon(new Error('stopped'))
  await t.throwsAsync(lost, { message: 'stopped' })
})
