import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import test from 'ava'
import { pino } from 'pino'
import type { Event } from '../../src/event/event.js'
import { position } from '../../src/ids.js'
import { openAppender } from '../../src/observation/appender.js'
import { type Observation, toEvent } from '../../src/observation/observation.js'
import { MAX_WAITING, openObservationSender } from '../../src/observation/observation-sender.js'
import { createOverlay } from '../../src/observation/overlay.js'
import { receiveObservations } from '../../src/observation/receiver.js'
import { recorderSocketPath } from '../../src/observation/recorder-socket.js'
import { noEvidence } from '../../src/projection/place.js'
import { alice, at, cornmeal, created, disk, event, folder, idp } from '../controls.js'

const silent = pino({ level: 'silent' })

function observed(fields: Partial<Observation> = {}): Observation {
  return {
    learned: 'created',
    serviceProvider: cornmeal,
    resource: disk,
    project: alice,
    parent: null,
    observedAt: at(1),
    requestId: 'req-1',
    ...fields,
  }
}

/** An event without its id, which is random. */
function unnamed({ messageId: _, ...event }: Event) {
  return event
}

/** A promise and the function that resolves it. */
function promise<Value>() {
  let resolve: (value: Value) => void = () => {}
  const promised = new Promise<Value>(keep => {
    resolve = keep
  })
  return { promised, resolve }
}

test('an observation reaches the recorder unchanged, and the worker is notified when it is appended', async t => {
  const path = join(folder(t), 'events.db.sock')
  const received: Event[] = []
  await using _receiver = await receiveObservations(path, batch => received.push(...batch), silent)
  const appended = promise<Observation>()
  using sender = openObservationSender(path, appended.resolve, silent)
  const observation = observed({ parent: disk.id, project: null })
  sender.send(observation)
  t.is(await appended.promised, observation)
  t.deepEqual(received.map(unnamed), [unnamed(toEvent(observation))])
})

test('observations without a recorder are sent when a recorder starts', async t => {
  const path = join(folder(t), 'events.db.sock')
  const appended = promise<Observation>()
  using sender = openObservationSender(path, appended.resolve, silent)
  sender.send(observed({ requestId: 'req-early' }))
  const received: Event[] = []
  await using _receiver = await receiveObservations(path, batch => received.push(...batch), silent)
  await appended.promised
  t.deepEqual(
    received.map(({ body }) => JSON.parse(body).request_id),
    ['req-early'],
  )
})

test('an observation that could not be appended is sent again', async t => {
  const path = join(folder(t), 'events.db.sock')
  let failures = 1
  const append = () => {
    failures -= 1
    if (failures >= 0) throw new Error('disk full')
  }
  await using _receiver = await receiveObservations(path, append, silent)
  const appended = promise<Observation>()
  using sender = openObservationSender(path, appended.resolve, silent)
  sender.send(observed())
  await appended.promised
  t.is(failures, -1)
})

test('the connection of a sender of invalid observations is closed', async t => {
  const path = join(folder(t), 'events.db.sock')
  const received: Event[] = []
  await using _receiver = await receiveObservations(path, batch => received.push(...batch), silent)
  const { createConnection } = await import('node:net')
  const asABus = JSON.stringify({ n: 1, events: [created(disk, alice)] })
  for (const text of ['no JSON', '{}', '{"n":1,"observation":{"learned":"guessed"}}', asABus]) {
    const socket = createConnection(path)
    socket.write(`${text}\n`)
    await once(socket.resume(), 'close')
  }
  t.deepEqual(received, [])
})

test('a worker keeps a limited number of observations while there is no recorder', t => {
  const path = join(folder(t), 'events.db.sock')
  const given: Observation[] = []
  using sender = openObservationSender(path, observation => given.push(observation), silent)
  for (let n = 0; n < MAX_WAITING + 2; n += 1) sender.send(observed({ requestId: String(n) }))
  t.deepEqual(
    given.map(({ requestId }) => requestId),
    ['0', '1'],
  )
})

test('a recorder replaces the socket file of a dead recorder', async t => {
  const path = join(folder(t), 'events.db.sock')
  const dead = createServer().listen(path)
  await once(dead, 'listening')
  const { linkSync } = await import('node:fs')
  linkSync(path, `${path}.kept`)
  dead.close()
  linkSync(`${path}.kept`, path)
  await t.notThrowsAsync(async () => {
    await using _receiver = await receiveObservations(path, () => {}, silent)
  })
})

test('a log with a long path has a socket with a short path, always the same one', t => {
  const long = join('/var/lib', 'x'.repeat(120), 'events.db')
  t.is(recorderSocketPath('/var/lib/mixmatch/events.db'), '/var/lib/mixmatch/events.db.sock')
  t.true(Buffer.byteLength(recorderSocketPath(long)) <= 103)
  t.is(recorderSocketPath(long), recorderSocketPath(long))
  t.not(recorderSocketPath(long), recorderSocketPath(`${long}2`))
})

test('the overlay shows an observation until the view contains it', t => {
  const place = { serviceProvider: idp, project: alice, position: position(7) }
  const overlay = createOverlay({
    locate: (_type, id) => (id === disk.id ? [place] : []),
    evidence: () => noEvidence,
  })
  const other = { ...disk, type: 'snapshot' } as const
  const found = observed({ learned: 'found' })
  const missing = observed({ learned: 'missing', serviceProvider: idp })
  const clouds = (resource: typeof disk) =>
    overlay.locate(resource.type, resource.id).map(({ serviceProvider }) => serviceProvider)

  overlay.add(found)
  t.deepEqual(clouds(disk), [idp, cornmeal])
  overlay.remove(found)
  t.deepEqual(clouds(disk), [idp])
  overlay.add(missing)
  t.deepEqual(clouds(disk), [])
  t.deepEqual(clouds(other), [idp])
  overlay.remove(found)
  t.deepEqual(clouds(disk), [], 'only what was appended is taken away')
})

test('an observation becomes an event, and its kind decides how the event changes the view', t => {
  t.like(toEvent(observed()), {
    kind: 'changed',
    source: 'proxy',
    emittedAt: at(1),
    project: alice,
  })
  t.is(toEvent(observed({ learned: 'found' })).kind, 'created')
  t.is(toEvent(observed({ learned: 'missing' })).kind, 'deleted')
  t.not(toEvent(observed()).messageId, toEvent(observed()).messageId)
})

test('events of a reconcile are appended to the log unchanged, batch after batch', async t => {
  const path = join(folder(t), 'events.db.sock')
  const received: Event[] = []
  await using _receiver = await receiveObservations(path, batch => received.push(...batch), silent)
  using appender = await openAppender(path)
  const found = event({ source: 'reconcile', kind: 'created', resource: disk, project: alice })
  const finished = event({ source: 'reconcile' })
  await appender.append([found])
  await appender.append([finished])
  t.deepEqual(received, [found, finished])
})

test('an append without a recorder, or with one that exits, throws RECORDER_GONE', async t => {
  const path = join(folder(t), 'events.db.sock')
  await t.throwsAsync(openAppender(path), { code: 'RECORDER_GONE' })
  const fail = () => {
    throw new Error('disk full')
  }
  await using _receiver = await receiveObservations(path, fail, silent)
  using appender = await openAppender(path)
  const append = () => appender.append([event({ source: 'reconcile' })])
  await t.throwsAsync(append, { code: 'RECORDER_GONE' })
  await t.throwsAsync(append, { code: 'RECORDER_GONE' })
})
