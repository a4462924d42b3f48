import test from 'ava'
import { MixmatchError } from '../../src/errors.js'
import { createBreaker } from '../../src/upstream/breaker.js'
import { createCloudWaits, type WaitForCloud } from '../../src/upstream/cloud-wait.js'
import { cornmeal, millet } from '../controls.js'

/** Cloud waits with a clock that only the test moves; the deadline uses real time. */
function waiting(deadlineMs = 60_000) {
  let clock = 0
  const now = () => clock
  const breaker = createBreaker(now)
  const waits = createCloudWaits({ breaker, deadlineMs, now })
  const gone = new AbortController()
  function open(signal = gone.signal): WaitForCloud {
    const wait = waits.open(cornmeal, signal)
    if (wait === null) throw new TypeError('the breaker is open')
    return wait
  }
  const pass = (ms: number) => {
    clock += ms
  }
  return { breaker, waits, gone, open, pass }
}

/** Work that the test ends, and that says whether it was aborted. */
function work() {
  let end: (error?: Error) => void = () => {}
  let calledOff = false
  return {
    start: (signal: AbortSignal) =>
      new Promise<string>((resolve, reject) => {
        end = error => (error ? reject(error) : resolve('done'))
        signal.addEventListener('abort', () => {
          calledOff = true
        })
      }),
    end: (error?: Error) => end(error),
    calledOff: () => calledOff,
  }
}

const well = () => 'well' as const
const late = { code: 'SERVICE_PROVIDER_TIMEOUT' } as const
const settled = () => new Promise(resolve => setImmediate(resolve))

test('work that ends in time resets the failures of its cloud', async t => {
  const { breaker, open } = waiting()
  breaker.failed(cornmeal)
  breaker.failed(cornmeal)
  t.is(await open()('x', async () => 'done', well), 'done')
  breaker.failed(cornmeal)
  t.false(breaker.isFailing(cornmeal))
})

test('work that exceeds the deadline is aborted and counted as a failure', async t => {
  const { breaker, open } = waiting(20)
  const { start, calledOff } = work()
  for (let n = 0; n < 3; n += 1) await t.throwsAsync(open()('x', start, well), late)
  t.true(calledOff())
  t.true(breaker.isFailing(cornmeal))
  t.false(breaker.isFailing(millet))
})

test('all work of one request at one cloud shares one deadline', async t => {
  const { open, pass } = waiting(60_000)
  const wait = open()
  const first = work()
  const waited = wait('x', first.start, well)
  pass(59_990)
  first.end()
  await waited
  pass(500_000) // the time spent on other clouds does not count
  await t.throwsAsync(wait('x', work().start, well), late)
})

test('one request counts as at most one failure, however often it asks the cloud', async t => {
  const { breaker, open } = waiting(20)
  const wait = open()
  const all = Array.from({ length: 5 }, () => wait('x', work().start, well))
  for (const each of all) await t.throwsAsync(each, late)
  t.false(breaker.isFailing(cornmeal))
})

test('a client that leaves at once does not count as a failure, and its work is aborted', async t => {
  const { breaker, open, gone, pass } = waiting()
  const { start, calledOff } = work()
  for (let n = 0; n < 2; n += 1) breaker.failed(cornmeal)
  const waited = open()('x', start, well)
  pass(999)
  gone.abort()
  await t.throwsAsync(waited, late)
  t.true(calledOff())
  t.false(breaker.isFailing(cornmeal))
})

test('a client that leaves after a second counts as a failure of the cloud', async t => {
  const { breaker, open, pass } = waiting()
  for (let n = 0; n < 3; n += 1) {
    const gone = new AbortController()
    const waited = open(gone.signal)('x', work().start, well)
    pass(1000)
    gone.abort()
    await t.throwsAsync(waited, late)
  }
  t.true(breaker.isFailing(cornmeal))
})

test('a slow cloud resets its failures when it responds after the clients have left', async t => {
  const { breaker, open, pass } = waiting()
  const works = [work(), work(), work()]
  const clients = works.map(() => new AbortController())
  const waited = works.map(({ start }, n) => open(clients[n]?.signal)('x', start, well))
  pass(1000)
  for (const client of clients) client.abort()
  for (const each of waited) await t.throwsAsync(each, late)
  t.true(breaker.isFailing(cornmeal))
  t.deepEqual(
    works.map(({ calledOff }) => calledOff()),
    [false, true, true],
  )
  works[0]?.end()
  await settled()
  t.false(breaker.isFailing(cornmeal))
})

test('work that continues without its client is aborted at the deadline', async t => {
  const { open, gone, pass } = waiting(3000)
  const { start, calledOff } = work()
  const waited = open()('x', start, well)
  pass(1000)
  gone.abort()
  await t.throwsAsync(waited, late)
  t.false(calledOff())
  while (!calledOff()) await new Promise(resolve => setTimeout(resolve, 5))
  t.pass()
})

test('work that never ends does not prevent later work from continuing in the background', async t => {
  const { open, pass } = waiting(3000)
  for (let n = 0; n < 2; n += 1) {
    const gone = new AbortController()
    const { start, calledOff } = work()
    const waited = open(gone.signal)('x', start, well)
    pass(1000)
    gone.abort()
    await t.throwsAsync(waited, late)
    t.false(calledOff(), `the client ${n} has left, and its work goes on`)
    while (!calledOff()) await new Promise(resolve => setTimeout(resolve, 5))
  }
})

test('a failure of work that began before the last success is not counted', async t => {
  const { breaker, open, pass } = waiting()
  const { start, end } = work()
  const waited = open()('x', start, well)
  for (let n = 0; n < 2; n += 1) breaker.failed(cornmeal)
  pass(10)
  breaker.succeeded(cornmeal)
  for (let n = 0; n < 2; n += 1) breaker.failed(cornmeal)
  end(new MixmatchError('SERVICE_PROVIDER_BROKE_OFF', 'reset'))
  await t.throwsAsync(waited, { code: 'SERVICE_PROVIDER_BROKE_OFF' })
  t.false(breaker.isFailing(cornmeal))
})

test('a trial request waits half a second, and a late response closes the breaker', async t => {
  const { breaker, waits, gone, open, pass } = waiting()
  for (let n = 0; n < 3; n += 1) breaker.failed(cornmeal)
  t.is(waits.open(cornmeal, gone.signal), null)
  pass(10_000)
  const { start, end, calledOff } = work()
  const begun = performance.now()
  await t.throwsAsync(open()('x', start, well), late)
  t.true(performance.now() - begun < 30_000)
  t.false(calledOff())
  t.is(waits.open(cornmeal, gone.signal), null)
  end()
  await settled()
  t.not(waits.open(cornmeal, gone.signal), null)
})

test('an error that does not come from the cloud does not count as its failure', async t => {
  const { breaker, open } = waiting()
  for (let n = 0; n < 3; n += 1) {
    const fails = () => Promise.reject(new MixmatchError('FORBIDDEN', 'no'))
    await t.throwsAsync(open()('x', fails, well), { code: 'FORBIDDEN' })
  }
  t.false(breaker.isFailing(cornmeal))
})
