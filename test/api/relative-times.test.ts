import test, { type ExecutionContext } from 'ava'
import { createBackground } from '../../src/api/background.js'
import { formatTime, now } from '../../src/event/time.js'
import { micros } from '../../src/ids.js'
import { openLog } from '../../src/log/open-log.js'
import { openViews } from '../../src/projection/open-views.js'
import { viewsFileOf } from '../../src/projection/views-file.js'
import { alice, cornmeal, created, disk } from '../controls.js'
import { given } from './asking.js'

const HOUR = 3600e6

/** A log with a volume that was created an hour ago. Long reads run only when they are told to. */
function heldBack(t: ExecutionContext) {
  const waiting: Generator<void, void>[] = []
  const ask = given(
    t,
    [],
    {},
    createBackground(steps => waiting.push(steps)),
  )
  const at = micros(now() - HOUR)
  {
    using log = openLog(ask.logFile)
    log.append([created(disk, alice, { emittedAt: at })], at)
  }
  openViews(viewsFileOf(ask.logFile), [ask.logFile]).views[Symbol.dispose]()
  function run() {
    for (const steps of waiting.splice(0)) while (!steps.next().done) {}
  }
  return { ask, run }
}

for (const [name, parameters] of [
  ['activity', { since: '-1d' }],
  ['holdings', { at: '-1m' }],
] as const) {
  test(`a long read for a relative time is found again although time has passed: ${name}`, async t => {
    const { ask, run } = heldBack(t)
    t.false((await ask(name, parameters)).complete)
    run()
    t.true((await ask(name, parameters)).complete)
  })
}

test('holdings at a relative time say which time was counted', async t => {
  const { ask, run } = heldBack(t)
  const before = formatTime(micros(now() - 2 * HOUR))
  await ask('holdings', { at: '-2h' })
  run()
  const past = await ask('holdings', { at: '-2h' })
  t.true(past.at !== null && past.at >= before && past.at <= formatTime(micros(now() - 2 * HOUR)))
  t.deepEqual(past.holdings, [])
  await ask('holdings', {})
  run()
  const present = await ask('holdings', {})
  t.is(present.at, null)
  t.is(present.holdings[0]?.service_provider, cornmeal)
})
