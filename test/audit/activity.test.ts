import test from 'ava'
import { walkActivity } from '../../src/audit/activity.js'
import { readRecorderNotes } from '../../src/audit/recorder-notes.js'
import { ownEventTypes } from '../../src/event/event.js'
import { createOwnEvent } from '../../src/event/own-event.js'
import { at, cornmeal, event, millet } from '../controls.js'
import { auditDatabase } from './audit-databases.js'

const lost = createOwnEvent({
  serviceProvider: cornmeal,
  source: 'recorder',
  eventType: ownEventTypes.busLost,
  emittedAt: null,
  body: {},
})

test('a burst within one time slice is read in several steps and counted as one slice', t => {
  const burst = Array.from({ length: 5_000 }, (_, n) => {
    const serviceProvider = n % 2 === 0 ? cornmeal : millet
    return event({ serviceProvider, emittedAt: at(n / 1000) })
  })
  const database = auditDatabase(t, [
    [event(), at(0)],
    [[...burst, lost], at(10)],
    [event(), at(1000)],
  ])
  const steps = walkActivity(database, 1)
  let count = 1
  let step = steps.next()
  for (; !step.done; step = steps.next()) count += 1
  const activity = step.value
  t.is(count, 6) // three for the 5,001 events of one slice, one for each other slice, and the result
  const slicesOf = (cloud: string) =>
    activity.clouds.get(cloud)?.map(({ events, heard, notes }) => ({ events, heard, notes }))
  t.deepEqual(slicesOf('millet'), [{ events: 2_500, heard: 2_500, notes: [] }])
  t.deepEqual(slicesOf('cornmeal'), [
    { events: 1, heard: 1, notes: [] },
    { events: 2_501, heard: 2_500, notes: [5_002] },
    { events: 1, heard: 1, notes: [] },
  ])
  const [millets] = activity.clouds.get('millet') ?? []
  t.like(millets, { first_heard: at(10), last_heard: at(10) })
  t.deepEqual([millets?.least_lag, millets?.greatest_lag], [at(10) - at(4.999), at(10) - at(0.001)])
  t.deepEqual(
    readRecorderNotes(database, activity).map(({ position }) => position),
    [5_002],
  )
})
