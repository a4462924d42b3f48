import test from 'ava'
import { createBackoff } from '../src/backoff.js'

const options = { firstMs: 1000, capMs: 30_000 }

test('the limit of the wait before a retry doubles up to its cap', t => {
  const backoff = createBackoff(options, () => 1)
  const waits = Array.from({ length: 1000 }, () => backoff.nextMs())
  t.deepEqual(waits.slice(0, 7), [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  t.is(waits.at(-1), 30_000)
  t.is(backoff.failures(), 1000)
})

test('the wait is a random time up to its limit', t => {
  t.is(createBackoff(options, () => 0).nextMs(), 0)
  t.is(createBackoff(options, () => 0.5).nextMs(), 500)
})

test('after a success the wait is short again', t => {
  const backoff = createBackoff(options, () => 1)
  for (let failure = 0; failure < 5; failure += 1) backoff.nextMs()
  backoff.reset()
  t.is(backoff.failures(), 0)
  t.is(backoff.nextMs(), 1000)
})
