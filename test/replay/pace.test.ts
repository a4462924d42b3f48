import test from 'ava'
import type { RecordedEvent } from '../../src/event/event.js'
import { position } from '../../src/ids.js'
import { paceEvents } from '../../src/replay/pace.js'
import { at, event } from '../controls.js'

function at_(...seconds: readonly number[]): RecordedEvent[] {
  return seconds.map((second, index) => ({
    ...event(),
    position: position(index + 1),
    recordedAt: at(second),
    hash: '',
  }))
}

test('replayed events keep their recorded pauses, divided by the speed', async t => {
  const times: number[] = []
  const begun = performance.now()
  for await (const _ of paceEvents(at_(0, 10, 20), 100, new AbortController().signal)) {
    times.push(performance.now() - begun)
  }
  t.true((times[1] ?? 0) >= 99 && (times[2] ?? 0) >= 199, times.join())
})

test('replay at maximum speed does not wait', async t => {
  const signal = new AbortController().signal
  let count = 0
  for await (const _ of paceEvents(at_(0, 86_400, 999_999), Number.POSITIVE_INFINITY, signal))
    count += 1
  t.is(count, 3)
})

test('an abort signal ends a paced replay', async t => {
  const stop = new AbortController()
  const seen: number[] = []
  for await (const { position } of paceEvents(at_(0, 86_400), 1, stop.signal)) {
    seen.push(position)
    stop.abort()
  }
  t.deepEqual(seen, [1])
})
