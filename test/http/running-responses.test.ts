import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test from 'ava'
import { RunningResponses } from '../../src/http/running-responses.js'

const response = () => new ServerResponse(new IncomingMessage(new Socket()))

test('responses are running from their addition to their removal', t => {
  const running = new RunningResponses()
  const all = [response(), response(), response()]
  const runs = () => all.map(res => [...running].includes(res))
  const [removeFirst, removeSecond, removeThird] = all.map(res => running.add(res))
  t.deepEqual(runs(), [true, true, true])
  removeSecond?.()
  t.deepEqual(runs(), [true, false, true])
  t.is(running.size, 2)
  removeFirst?.()
  const again = response()
  running.add(again)
  removeThird?.()
  t.deepEqual(runs(), [false, false, false])
  t.is(running.size, 1)
  t.true([...running].includes(again))
})

test('the memory of removed responses is free without a full garbage collection', t => {
  const running = new RunningResponses()
  setFlagsFromString('--expose-gc')
  const collect: (options?: { type: 'minor' }) => void = runInNewContext('gc')
  const oldBytes = () =>
    getHeapSpaceStatistics().find(space => space.space_name === 'old_space')?.space_used_size ?? NaN
  const removals: (() => void)[] = Array.from({ length: 64 }, () => () => {})
  const serve = (rounds: number) => {
    for (let round = 0; round < rounds; round += 1) {
      for (const [index, remove] of removals.entries()) {
        remove()
        removals[index] = running.add(Object.assign(response(), { data: Array(100).fill(0) }))
      }
      if (round % 4 === 3) collect({ type: 'minor' })
    }
  }
  serve(100)
  collect()
  const before = oldBytes()
  serve(200)
  const grown = (oldBytes() - before) / 2 ** 20
  t.true(grown < 15, `${grown} MB`) // 34 MB with a Set, because half of the responses stay
})
