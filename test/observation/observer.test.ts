import test from 'ava'
import type { Observation } from '../../src/observation/observation.js'
import { createObserver } from '../../src/observation/observer.js'
import { createOverlay } from '../../src/observation/overlay.js'
import { noEvidence } from '../../src/projection/place.js'
import { alice, at, cornmeal, disk } from '../controls.js'

const created: Observation = {
  learned: 'created',
  serviceProvider: cornmeal,
  resource: disk,
  project: alice,
  parent: null,
  observedAt: at(1),
  requestId: 'req-1',
}

function open(waitMs: number) {
  const overlay = createOverlay({ locate: () => [], evidence: () => noEvidence })
  const sent: Observation[] = []
  const send = (observation: Observation) => void sent.push(observation)
  const observer = createObserver({ overlay, send, waitMs })
  return { observer, sent, isLocated: () => overlay.locate('volume', disk.id).length === 1 }
}

test('a worker uses an observation at once, and waits until the views contain it', async t => {
  const { observer, sent, isLocated } = open(60_000)
  const observed = observer.observe(created)
  t.deepEqual(sent, [created])
  t.true(isLocated())
  observer.settle(created, true)
  t.true(await observed)
  t.false(isLocated(), 'the views tell it now')
})

test('the wait for an observation has a timeout, and the worker still uses the observation after it', async t => {
  const { observer, isLocated } = open(10)
  t.false(await observer.observe(created))
  t.true(isLocated())
  observer.settle(created, true)
  t.false(isLocated())
})

test('an observation that was dropped counts as not recorded', async t => {
  const { observer } = open(60_000)
  const observed = observer.observe(created)
  observer.settle(created, false)
  t.false(await observed)
})

test('two equal observations are both waited for', async t => {
  const { observer, isLocated } = open(60_000)
  const again = { ...created }
  const both = [observer.observe(created), observer.observe(again)]
  observer.settle(created, true)
  t.true(isLocated())
  observer.settle(again, true)
  t.deepEqual(await Promise.all(both), [true, true])
})
