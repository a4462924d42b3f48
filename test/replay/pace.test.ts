import test from 'ava'
import type { RecordedEvent } from '../../src/event/event.js'
import { position } from '../../src/ids.js'
import { paced } from '../../src/replay/pace.js'
import { at, event } from '../controls.js'

function at_(...seconds: readonly number[]): RecordedEvent[] {
  return seconds.map((second, index) => ({
    ...event(),
    position: position(index + 1),
    recordedAt: at(second),
    hash: '',
  }))
}

test('events come with the spacing in which they were recorded, scaled by the speed', async t => {
  const times: number[] = []
  const begun = performance.now()
  for await (const _ of paced(at_(0, 10, 20), 100, new AbortController().signal)) {
    times.push(performance.now() - begun)
  }
  t.true((times[1] ?? 0) >= 99 && (times[2] ?? 0) >= 199, times.join())
})

test('at full speed nothing is waited for', async t => {
  const signal = new AbortController().signal
  let count = 0
  for await (const _ of paced(at_(0, 86_400, 999_999), Number.POSITIVE_INFINITY, signal)) count += 1
  t.is(count, 3)
})

test('waiting ends when it is asked to', async t => {
  const stop = new AbortController()
  const seen: number[] = []
  for await (const { position } of paced(at_(0, 86_400), 1, stop.signal)) {
    seen.push(position)
    stop.abort()
  }
  t.deepEqual(seen, [1])
})
