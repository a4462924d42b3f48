import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import fc from 'fast-check'
import { type BatchOptions, createBatcher } from '../../src/bus/batches.js'
import { untilTrue } from '../until.js'

/** After the first batch, only `maxItems` and `drain` end such a long pause. */
const LONG_PAUSE: BatchOptions = { maxItems: 3, pauseMs: 60_000 }

function collect(
  options: BatchOptions,
  take: (batch: readonly number[], previous: Promise<void>) => void | Promise<void>,
) {
  const taken: (readonly number[])[] = []
  const failures: unknown[] = []
  const batches = createBatcher<number>(
    options,
    item => item,
    async (batch, previous) => {
      await take(batch, previous)
      taken.push(batch)
    },
    error => failures.push(error),
  )
  return { ...batches, taken, failures }
}

test('a batch is delivered at once when it is full', async t => {
  const { add, drain, taken } = collect(LONG_PAUSE, () => {})
  for (const item of [1, 2, 3]) add(item)
  await sleep(0)
  t.deepEqual(taken, [[1, 2, 3]])
  add(4)
  await sleep(0)
  t.deepEqual(taken, [[1, 2, 3]])
  await drain()
  t.deepEqual(taken, [[1, 2, 3], [4]])
})

test('a batch is also full when its items reach the limit of bytes', async t => {
  const { add, drain, taken } = collect({ maxItems: 1000, maxBytes: 10, pauseMs: 60_000 }, () => {})
  for (const bytes of [4, 5, 6, 1, 20, 2]) add(bytes)
  await drain()
  t.deepEqual(taken, [[4, 5, 6], [1, 20], [2]])
})

test('other work runs between two batches', async t => {
  const order: string[] = []
  const { add, drain } = collect(LONG_PAUSE, () => void order.push('batch'))
  setImmediate(() => order.push('other'))
  for (const item of [1, 2, 3, 4, 5, 6]) add(item)
  await drain()
  t.deepEqual(order, ['batch', 'other', 'batch'])
})

test('items that arrive together after a quiet time are delivered at once', async t => {
  const { add, taken } = collect({ maxItems: 1000, pauseMs: 60_000 }, () => {})
  add(1)
  add(2)
  t.deepEqual(taken, [])
  await sleep(50)
  t.deepEqual(taken, [[1, 2]])
})

test('items that arrive during the pause after a batch are one batch', async t => {
  const { add, taken } = collect({ maxItems: 1000, pauseMs: 3000 }, () => {})
  add(1)
  await sleep(20)
  t.deepEqual(taken, [[1]])
  for (const item of [2, 3]) add(item)
  await sleep(5)
  for (const item of [4, 5]) add(item)
  await untilTrue(() => taken.length > 1)
  t.deepEqual(taken, [[1], [2, 3, 4, 5]])
})

test('by default one batch is delivered at a time, and the next one grows during the delivery', async t => {
  let inHand = 0
  const { add, drain, taken } = collect({ maxItems: 10, pauseMs: 1 }, async () => {
    inHand += 1
    t.is(inHand, 1)
    await sleep(20)
    inHand -= 1
  })
  for (let item = 0; item < 20; item += 1) {
    add(item)
    await sleep(1)
  }
  await drain()
  t.deepEqual(taken.flat(), [...Array(20).keys()])
  t.true(taken.length < 20)
})

test('after a failure nothing more is delivered, and the failure is reported once', async t => {
  const { add, drain, taken, failures } = collect(LONG_PAUSE, ([first]) => {
    if (first === 4) throw new Error('the disk is full')
  })
  for (const item of [1, 2, 3, 4, 5, 6, 7, 8, 9]) add(item)
  await t.throwsAsync(drain(), { message: 'the disk is full' })
  add(10)
  await t.throwsAsync(drain(), { message: 'the disk is full' })
  t.deepEqual(taken, [[1, 2, 3]])
  t.is(failures.length, 1)
})

test('the next complete batch is begun before the last one is delivered, and an incomplete one is not', async t => {
  const ends: (() => void)[] = []
  const { add, drain, taken } = collect({ ...LONG_PAUSE, atOnce: 2 }, async (_, previous) => {
    await new Promise<void>(resolve => ends.push(resolve))
    await previous
  })
  for (const item of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) add(item)
  await untilTrue(() => ends.length === 2)
  ends[1]?.()
  await nextTurn()
  t.deepEqual([ends.length, taken], [2, []])
  ends[0]?.()
  await untilTrue(() => ends.length === 4)
  t.deepEqual(taken.flat(), [1, 2, 3, 4, 5, 6])
  add(13)
  ends[2]?.()
  await untilTrue(() => taken.length === 3)
  await nextTurn()
  t.is(ends.length, 4)
  ends[3]?.()
  const drained = drain()
  await untilTrue(() => ends.length === 5)
  ends[4]?.()
  await drained
  t.deepEqual(taken.flat(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
})

test('a batch that was begun before the last one failed fails with it, and one failure is reported', async t => {
  const begun: Promise<void>[] = []
  let fail = () => {}
  const { add, drain, failures } = collect({ ...LONG_PAUSE, atOnce: 2 }, ([first], previous) => {
    begun.push(previous)
    if (first !== 1) return
    return new Promise((_, reject) => {
      fail = () => reject(new Error('the disk is full'))
    })
  })
  for (const item of [1, 2, 3, 4, 5, 6, 7, 8, 9]) add(item)
  await untilTrue(() => begun.length === 2)
  fail()
  await t.throwsAsync(drain(), { message: 'the disk is full' })
  await t.throwsAsync(async () => begun[1], { message: 'the disk is full' })
  t.deepEqual([begun.length, failures.length], [2, 1])
})

test('a delivery that fails ends after the one before it', async t => {
  let deliverFirst = () => {}
  const first = new Promise<void>(resolve => {
    deliverFirst = resolve
  })
  let isSecondBegun = false
  const { add, discard, taken } = collect({ ...LONG_PAUSE, atOnce: 2 }, ([item]) => {
    if (item === 1) return first
    isSecondBegun = true
    throw new Error('this one fails at once')
  })
  for (const item of [1, 2, 3, 4, 5, 6]) add(item)
  await untilTrue(() => isSecondBegun)
  const takenAtEnd = discard().then(() => taken.length)
  await sleep(0)
  deliverFirst()
  t.is(await takenAtEnd, 1)
})

test('discard drops the waiting items, and waits for a delivery in progress', async t => {
  const { add, discard, taken } = collect(LONG_PAUSE, () => sleep(20))
  for (const item of [1, 2, 3, 4]) add(item)
  await discard()
  t.deepEqual(taken, [[1, 2, 3]])
  add(5)
  await sleep(10)
  t.deepEqual(taken, [[1, 2, 3]])
})

test('law: however items are batched, each is delivered once and in order', async t => {
  const sizes = fc.array(fc.nat({ max: 30 }), { maxLength: 8 })
  const upTo = (max: number) => fc.integer({ min: 1, max })
  await fc.assert(
    fc.asyncProperty(sizes, upTo(10), upTo(3), async (bursts, most, atOnce) => {
      const options = { maxItems: most, pauseMs: 1, atOnce }
      const { add, drain, taken } = collect(options, async (_, previous) => {
        await sleep(0)
        await previous
      })
      let next = 0
      for (const burst of bursts) {
        for (let item = 0; item < burst; item += 1) add(next++)
        await sleep(0)
      }
      await drain()
      t.deepEqual(taken.flat(), [...Array(next).keys()])
      t.true(taken.every(batch => batch.length >= 1 && batch.length <= most))
    }),
    { numRuns: 30 },
  )
})
