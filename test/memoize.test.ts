import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test from 'ava'
import { memoize } from '../src/memoize.js'

/** A memoized function, and the texts for which it was computed. */
function open(capacity?: number) {
  const computed: string[] = []
  const lengthOf = memoize(text => {
    computed.push(text)
    return text.length
  }, capacity)
  return { computed, lengthOf }
}

test('a memoized function computes each result once', t => {
  const { computed, lengthOf } = open()
  t.deepEqual([lengthOf('a'), lengthOf('bb'), lengthOf('a')], [1, 2, 1])
  t.deepEqual(computed, ['a', 'bb'])
})

test('a memoized function remembers a limited number of results', t => {
  const { computed, lengthOf } = open(2)
  for (const text of ['a', 'b', 'c', 'c', 'a']) lengthOf(text)
  t.deepEqual(computed, ['a', 'b', 'c', 'a'])
})

test('a memoized function does not keep long texts', t => {
  const { computed, lengthOf } = open()
  const long = 'x'.repeat(300)
  t.is(lengthOf(long) + lengthOf(long), 600)
  t.deepEqual(computed, [long, long])
})

test('a memoized function keeps no longer text in memory than the one that it remembers', t => {
  setFlagsFromString('--expose-gc')
  const collectGarbage: () => void = runInNewContext('gc')
  const { lengthOf } = open()
  const heapBytes = () => {
    collectGarbage()
    return process.memoryUsage().heapUsed
  }
  const before = heapBytes()
  for (let index = 0; index < 50; index += 1) {
    const long = `a part of a long text, number ${index}: ${'x'.repeat(512 * 1024)}`
    lengthOf(Buffer.from(long).toString('latin1').slice(0, 40))
  }
  t.true(heapBytes() - before < 10 * 1024 * 1024)
})
