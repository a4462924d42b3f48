import test from 'ava'
import { MixmatchError } from '../../src/errors.js'
import { TokenCache } from '../../src/identity/token-cache.js'

const unknown = new MixmatchError('NOT_AUTHENTICATED', 'unknown')
const down = new MixmatchError('IDENTITY_UNAVAILABLE', 'down')

test('a value is fetched once until it expires', async t => {
  const { cache, fetch, count, at } = given({ cacheSeconds: 600 })
  t.is(await cache.get('a', fetch('one', 100_000)), 'one')
  at(99_999)
  t.is(await cache.get('a', fetch('two', 200_000)), 'one')
  at(100_000)
  t.is(await cache.get('a', fetch('two', 200_000)), 'two')
  t.is(count(), 2)
})

test('no value is cached longer than cacheSeconds', async t => {
  const { cache, fetch, at } = given({ cacheSeconds: 10 })
  await cache.get('a', fetch('one', 100_000))
  at(10_000)
  t.is(await cache.get('a', fetch('two', 100_000)), 'two')
})

test('expired values are dropped when others come, though nobody asks for them again', async t => {
  const { cache, fetch, at } = given({ cacheSeconds: 10 })
  for (const key of ['a', 'b', 'c', 'd']) await cache.get(key, fetch(key, 100_000))
  at(10_000)
  await cache.get('e', fetch('e', 100_000))
  at(16_000) // `drop` returns what is still there and no longer fresh
  t.deepEqual(
    ['a', 'b', 'c', 'd', 'e'].map(key => cache.drop(key)),
    [undefined, undefined, 'c', 'd', 'e'],
  )
})

test('look-ups at the same time wait for the same fetch, even if nothing is cached', async t => {
  const { cache, fetch, count } = given({ cacheSeconds: 0 })
  const asked = [1, 2, 3].map(() => cache.get('a', fetch('one', 100_000)))
  t.deepEqual(await Promise.all(asked), ['one', 'one', 'one'])
  t.is(count(), 1)
  await cache.get('a', fetch('one', 100_000))
  t.is(count(), 2)
})

test('the least recently used value is dropped first, to within a second', async t => {
  const { cache, fetch, count, at } = given({ cacheSeconds: 600, capacity: 2 })
  await cache.get('a', fetch('a', 1e6))
  await cache.get('b', fetch('b', 1e6))
  at(1_000)
  await cache.get('a', fetch('a', 1e6))
  await cache.get('c', fetch('c', 1e6)) // pushes b out
  await cache.get('a', fetch('a', 1e6))
  t.is(count(), 3)
  await cache.get('b', fetch('b', 1e6))
  t.is(count(), 4)
})

test('a rejection is cached for five seconds, an outage for one', async t => {
  const { cache, count, fail, at } = given({ cacheSeconds: 600 })
  await t.throwsAsync(cache.get('a', fail(unknown)))
  await t.throwsAsync(cache.get('b', fail(down)))
  at(999)
  await t.throwsAsync(cache.get('a', fail(unknown)), { is: unknown })
  await t.throwsAsync(cache.get('b', fail(down)), { is: down })
  t.is(count(), 2)
  at(1000)
  await t.throwsAsync(cache.get('b', fail(down)))
  t.is(count(), 3)
  at(5000)
  await t.throwsAsync(cache.get('a', fail(unknown)))
  t.is(count(), 4)
})

test('an unforeseen error is not cached', async t => {
  const { cache, fetch, fail } = given({ cacheSeconds: 600 })
  await t.throwsAsync(cache.get('a', fail(new TypeError('a bug'))), { instanceOf: TypeError })
  t.is(await cache.get('a', fetch('one', 1e6)), 'one')
})

test('guessed tokens do not displace valid ones', async t => {
  const { cache, fetch, fail, count } = given({ cacheSeconds: 600, capacity: 2 })
  await cache.get('good', fetch('good', 1e6))
  for (const guess of ['x', 'y', 'z']) await t.throwsAsync(cache.get(guess, fail(unknown)))
  const before = count()
  t.is(await cache.get('good', fetch('other', 1e6)), 'good')
  t.is(count(), before)
})

test('a rejected value is dropped unless it is fresh', async t => {
  const { cache, fetch, at } = given({ cacheSeconds: 600 })
  await cache.get('a', fetch('one', 1e6))
  at(4_999)
  t.is(cache.drop('a'), undefined)
  t.is(await cache.get('a', fetch('two', 1e6)), 'one')
  at(5_000)
  t.is(cache.drop('a'), 'one')
  t.is(await cache.get('a', fetch('two', 1e6)), 'two')
  t.is(cache.drop('never seen'), undefined)
})

test('a cached value is found without waiting, until it expires', async t => {
  const { cache, fetch, at } = given({ cacheSeconds: 600 })
  t.is(cache.find('a'), undefined)
  await cache.get('a', fetch('one', 2000))
  t.is(cache.find('a'), 'one')
  t.is(cache.find('b'), undefined)
  at(2000)
  t.is(cache.find('a'), undefined)
})

function given({ cacheSeconds, capacity = 100 }: { cacheSeconds: number; capacity?: number }) {
  let nowMs = 0
  let fetches = 0
  return {
    cache: new TokenCache<string>({ capacity, cacheSeconds, now: () => nowMs }),
    at(ms: number) {
      nowMs = ms
    },
    count: () => fetches,
    fetch: (value: string, untilMs: number) => async () => {
      fetches += 1
      return { value, untilMs }
    },
    fail: (error: Error) => async () => {
      fetches += 1
      throw error
    },
  }
}
