import test from 'ava'
import { createBreaker } from '../../src/upstream/breaker.js'
import { cornmeal, millet } from '../controls.js'

test('openClouds lists the open clouds without taking the trial', t => {
  let now = 0
  const breaker = createBreaker(() => now)
  for (let n = 0; n < 3; n += 1) breaker.failed(cornmeal)
  breaker.failed(millet)
  t.deepEqual(breaker.openClouds(), [cornmeal])
  now = 30_000
  t.deepEqual(breaker.openClouds(), [])
  t.is(breaker.admit(cornmeal), 'trial')
  t.is(breaker.admit(cornmeal), 'refused')
  breaker.succeeded(cornmeal)
  t.deepEqual(breaker.openClouds(), [])
})
