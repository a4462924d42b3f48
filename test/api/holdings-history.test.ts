import test from 'ava'
import { createHoldingsTally, type HeldRow, NOBODY, STEPS } from '../../src/api/holdings-tally.js'
import { rebuildViews } from '../../src/projection/open-views.js'
import { viewsFileOf } from '../../src/projection/views-file.js'
import {
  alice,
  at,
  bob,
  cornmeal,
  created,
  deleted,
  disk,
  image,
  millet,
  transferred,
} from '../controls.js'
import { aliceReads, given, whole } from './asking.js'

const [IMAGE, VOLUME] = [0, 1]
const [ALICE, BOB] = [7, 8]

/** One unit of time for each moment. */
function tally(rows: readonly HeldRow[]) {
  const tally = createHoldingsTally({ from: 0, until: STEPS })
  for (const row of rows) tally.add(row)
  return tally.finish()
}

/** The moments at which the counts change, with the new counts. */
function changesOf(steps: Int32Array): [step: number, count: number][] {
  return [...steps].flatMap((count, step) =>
    count === (steps[step - 1] ?? 0) ? [] : [[step, count] as [number, number]],
  )
}

test('a resource is counted from the moment of its creation to the one of its deletion', t => {
  const { byType, byProject } = tally([[VOLUME, 'a', 1, 10, 1, ALICE, 20]])
  t.deepEqual(
    byType.map(({ cloud, of, steps }) => [cloud, of, changesOf(steps)]),
    [
      [
        1,
        VOLUME,
        [
          [10, 1],
          [20, 0],
        ],
      ],
    ],
  )
  t.deepEqual(
    byProject.map(({ of, steps }) => [of, changesOf(steps)]),
    [
      [
        ALICE,
        [
          [10, 1],
          [20, 0],
        ],
      ],
    ],
  )
})

test('a time between two moments counts for the next one, and a time outside of them for the first or last one', t => {
  const { byType } = tally([
    [VOLUME, 'a', 1, -5, 1, ALICE, 9.5],
    [VOLUME, 'b', 1, 9.5, 2, null, null],
    [VOLUME, 'c', 1, STEPS + 5, 3, ALICE, STEPS + 9],
  ])
  t.deepEqual(
    byType.map(({ steps }) => changesOf(steps)),
    [[[0, 1]]],
  )
})

test('a change of the owner moves the resource to its project, and is a transfer', t => {
  const { byProject, transfers } = tally([
    [VOLUME, 'a', 1, 10, 1, ALICE, 20],
    [VOLUME, 'a', 1, 20, 2, BOB, null],
    [VOLUME, 'b', 2, 5, 3, BOB, 6],
    [VOLUME, 'b', 2, 8, 4, ALICE, null],
    [VOLUME, 'c', 2, 5, 5, null, 6],
    [VOLUME, 'c', 2, 6, 6, ALICE, null],
  ])
  // Volume b was deleted in between, and nobody is known to have had volume c before.
  t.deepEqual(transfers, [{ cloud: 1, from: ALICE, to: BOB, count: 1 }])
  t.deepEqual(
    byProject.map(({ cloud, of, steps }) => [cloud, of, steps.at(-1)]),
    [
      [1, ALICE, 0],
      [1, BOB, 1],
      [2, BOB, 0],
      [2, ALICE, 2],
      [2, NOBODY, 0],
    ],
  )
})

test('rows of another resource, type or cloud are no transfers', t => {
  const { transfers } = tally([
    [IMAGE, Buffer.from('a'), 1, 10, 1, ALICE, 20],
    [IMAGE, Buffer.from('b'), 1, 20, 2, BOB, 20],
    [IMAGE, Buffer.from('b'), 2, 20, 3, ALICE, 20],
    [VOLUME, Buffer.from('b'), 2, 20, 4, BOB, null],
  ])
  t.deepEqual(transfers, [])
})

test('the history of holdings begins with nothing and ends with what the clouds hold now', async t => {
  const ask = given(t, [
    created(disk, alice, { serviceProvider: cornmeal, emittedAt: at(1000) }),
    created(image, bob, { serviceProvider: millet, emittedAt: at(1001) }),
    transferred(disk, bob, { serviceProvider: cornmeal, emittedAt: at(1002) }),
    deleted(image, { serviceProvider: millet, emittedAt: at(1003) }),
  ])
  rebuildViews(viewsFileOf(ask.logFile), [ask.logFile])
  const { history } = await whole(() => ask('holdingsHistory', {}))
  t.deepEqual(
    history?.clouds.map(({ service_provider, resources }) => [
      service_provider,
      resources.length,
      resources[0],
      resources.at(-1),
    ]),
    [
      [cornmeal, STEPS + 1, 0, 1],
      [millet, STEPS + 1, 0, 0],
    ],
  )
  const ofBob = [{ service_provider: cornmeal, resources: 1 }]
  t.like(history, { position: 4, more_projects: 0 })
  t.deepEqual(history?.projects, [{ project: bob, holdings: ofBob }])
  t.deepEqual(history?.types, [{ type: 'volume', holdings: ofBob }])
  t.deepEqual(history?.transfers, [
    { service_provider: cornmeal, from_project: alice, to_project: bob, resources: 1 },
  ])
  const { history: before } = await ask('holdingsHistory', { at: '1' })
  t.deepEqual(before?.projects, [])
})

test('a reader sees the history of its own project only', async t => {
  const ask = given(t, [
    created(disk, alice, { serviceProvider: cornmeal }),
    created(image, bob, { serviceProvider: cornmeal }),
  ])
  rebuildViews(viewsFileOf(ask.logFile), [ask.logFile])
  const { history } = await whole(() => ask('holdingsHistory', {}, aliceReads))
  t.deepEqual(
    history?.projects.map(({ project }) => project),
    [alice],
  )
  t.is(history?.clouds[0]?.resources.at(-1), 1)
  t.deepEqual(history?.types, [])
})
