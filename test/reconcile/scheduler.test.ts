import test, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import { type Event, ownEventTypes } from '../../src/event/event.js'
import { resourceId, spName } from '../../src/ids.js'
import { openLog } from '../../src/log/open-log.js'
import { reconcileInBackground } from '../../src/process/background-reconcile.js'
import { isDue } from '../../src/reconcile/due.js'
import { createFinishedEvent, type ReconcileOutcome } from '../../src/reconcile/reconcile-events.js'
import {
  type ReconcileSchedulerOptions,
  startReconcileScheduler,
} from '../../src/reconcile/scheduler.js'
import { at, cornmeal, event, folder, millet } from '../controls.js'
import { untilTrue } from '../until.js'
import { makeImage, sp1, startScene } from './clouds.js'

const silent = pino({ level: 'silent' })
const soon = { settleMs: 1, retryMs: 1 }
const complete: ReconcileOutcome = { beganAt: at(0), as: null, collections: [], failed: [] }
const failed: ReconcileOutcome = { ...complete, failed: [{ type: null, reason: 'nobody at home' }] }

function fact(eventType: string, gap: object | null, serviceProvider = cornmeal): Event {
  const body = JSON.stringify({ queue: 'q', possible_gap: gap })
  return event({ serviceProvider, source: 'recorder', eventType, body })
}

const lostQueue = fact(ownEventTypes.queueDeclared, { from: null, to: '2026-11-23T13:20:06Z' })
const finished = (outcome = complete) => createFinishedEvent(cornmeal, 'run', outcome, at(1))

for (const { title, events, first, gaps } of [
  { title: 'never was', events: [event()], first: true, gaps: true },
  { title: 'was', events: [finished()], first: false, gaps: false },
  { title: 'was only in parts', events: [finished(failed)], first: true, gaps: true },
  { title: 'was before a gap', events: [finished(), lostQueue], first: false, gaps: true },
  { title: 'was after a gap', events: [lostQueue, finished()], first: false, gaps: false },
  {
    title: 'was before its bus was lost and came back with all that its queue kept',
    events: [finished(), fact(ownEventTypes.busConnected, { from: null, to: 'then' })],
    first: false,
    gaps: false,
  },
  {
    title: 'was before its queue was declared for the first time',
    events: [finished(), fact(ownEventTypes.queueDeclared, null)],
    first: false,
    gaps: false,
  },
  {
    title: 'was before a gap of another',
    events: [finished(), fact(ownEventTypes.queueDeclared, {}, millet)],
    first: false,
    gaps: false,
  },
  {
    title: 'was before a bus pretended a gap',
    events: [finished(), { ...lostQueue, source: 'bus' as const, messageId: 'pretended' }],
    first: false,
    gaps: false,
  },
])
  test(`a cloud that ${title} is ${gaps ? '' : 'not '}due`, t => {
    using log = openLog(`${folder(t)}/events.db`)
    log.append(events, at(2))
    t.is(isDue(log, cornmeal, 'first'), first)
    t.is(isDue(log, cornmeal, 'gaps'), gaps)
  })

/** Runs with given results, and a function that waits for them. */
function runs(t: ExecutionContext, outcomes: readonly (ReconcileOutcome | Error)[]) {
  const asked: string[] = []
  const stopping = new AbortController()
  t.teardown(() => stopping.abort())
  const options: Omit<ReconcileSchedulerOptions, 'clouds'> = {
    afterGaps: true,
    async reconcile(cloud) {
      const outcome = outcomes[asked.length] ?? complete
      asked.push(cloud)
      if (outcome instanceof Error) throw outcome
      return outcome
    },
    delays: soon,
    signal: stopping.signal,
    logger: silent,
  }
  return { asked, options, stop: () => stopping.abort() }
}

test('clouds are reconciled one after another, and again until each run is complete', async t => {
  const { asked, options, stop } = runs(t, [failed, complete, new Error('disk full')])
  const automatic = startReconcileScheduler({ ...options, clouds: [cornmeal, millet] })
  await untilTrue(() => asked.length === 4)
  t.deepEqual(asked, ['cornmeal', 'millet', 'cornmeal', 'cornmeal'])
  stop()
  await automatic.stopped
})

test('only a gap in the notifications causes another reconcile of a cloud', async t => {
  const { asked, options, stop } = runs(t, [])
  const automatic = startReconcileScheduler({ ...options, clouds: [] })
  automatic.notice(fact(ownEventTypes.busLost, null, millet))
  automatic.notice(lostQueue)
  automatic.notice(lostQueue)
  await untilTrue(() => asked.length === 1)
  automatic.notice(lostQueue)
  await untilTrue(() => asked.length === 2)
  stop()
  await automatic.stopped
  t.deepEqual(asked, ['cornmeal', 'cornmeal'])
})

test('a recorder with reconcile = first reconciles, and stops on its signal', async t => {
  const scene = await startScene(t)
  const id = await makeImage(scene)
  const stopping = new AbortController()
  const { notification } = scene.config
  const config = { ...scene.config, notification: { ...notification, reconcile: 'first' as const } }
  const recorded: Event[] = []
  const background = reconcileInBackground(config, scene, events => recorded.push(...events), {
    signal: stopping.signal,
    logger: silent,
    delays: soon,
  })
  const ends = () => recorded.filter(({ eventType }) => eventType.endsWith('finished'))
  await untilTrue(() => ends().length === 2)
  stopping.abort()
  await background.stopped
  t.true(recorded.some(({ resource }) => resource?.id === resourceId(id)))
  t.deepEqual(
    ends()
      .map(each => each.serviceProvider)
      .sort(),
    [spName('default'), sp1],
  )
})

test('a recorder with reconcile = never sends no request', async t => {
  const scene = await startScene(t)
  const background = reconcileInBackground(scene.config, scene, () => t.fail(), {
    signal: new AbortController().signal,
    logger: silent,
    delays: soon,
  })
  await background.stopped
  t.pass()
})
