import test from 'ava'
import { createBreaker } from '../../src/upstream/breaker.js'
import { cornmeal, millet } from '../controls.js'

test('openFor lists the open clouds without taking the trial', t => {
  let now = 0
  const breaker = createBreaker(() => now)
  for (let n = 0; n < 3; n += 1) breaker.failed(cornmeal)
  breaker.failed(millet)
  t.deepEqual(breaker.openFor(), [cornmeal])
  now = 30_000
  t.deepEqual(breaker.openFor(), [])
  t.is(breaker.admit(cornmeal), 'trial')
  t.is(breaker.admit(cornmeal), 'refused')
  breaker.succeeded(cornmeal)
  t.deepEqual(breaker.openFor(), [])
})
