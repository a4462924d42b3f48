import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import { resourceId } from '../../src/ids.js'
import type { Observation } from '../../src/observation/observation.js'
import { openObservationSender } from '../../src/observation/observation-sender.js'
import { createObserver } from '../../src/observation/observer.js'
import { createOverlay } from '../../src/observation/overlay.js'
import { recorderSocketPath } from '../../src/observation/recorder-socket.js'
import { openRecorder } from '../../src/process/recorder.js'
import { openLocations } from '../../src/projection/locate.js'
import { alice, at, cornmeal, folder } from '../controls.js'

const silent = pino({ level: 'silent' })

/** The parts of a worker that locate resources. */
function startWorker(
  t: ExecutionContext,
  { logFile, viewsFile }: Record<'logFile' | 'viewsFile', string>,
) {
  const locations = openLocations(viewsFile, logFile)
  const overlay = createOverlay(locations)
  const observer = createObserver({
    overlay,
    send: observation => sender.send(observation),
    waitMs: 60_000,
  })
  const sender = openObservationSender(recorderSocketPath(logFile), observer.settle, silent)
  t.teardown(() => {
    sender[Symbol.dispose]()
    locations[Symbol.dispose]()
  })
  return { observe: observer.observe, locate: overlay.locate }
}

test('another worker locates a new resource before the client gets the response to its create', async t => {
  const path = folder(t)
  const files = { logFile: join(path, 'events.db'), viewsFile: join(path, 'events.views.db') }
  await using _recorder = await openRecorder(
    { ...files, command: 'serve' },
    error => t.fail(String(error)),
    silent,
  )
  const workers = [startWorker(t, files), startWorker(t, files)]
  let found = 0
  for (let round = 0; round < 60; round++) {
    const [one, other] = round % 2 === 0 ? workers : workers.toReversed()
    const created: Observation = {
      learned: 'created',
      serviceProvider: cornmeal,
      resource: { type: 'image', id: resourceId(randomUUID()) },
      project: alice,
      parent: null,
      observedAt: at(round),
      requestId: 'req-1',
    }
    t.true(await one?.observe(created))
    if (other?.locate('image', created.resource.id)[0]?.serviceProvider === cornmeal) found += 1
  }
  t.is(found, 60)
})
