import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { pino } from 'pino'
import { openAuditDatabase } from '../../src/audit/audit-database.js'
import { reportSummary } from '../../src/audit/summary-report.js'
import { ownEventTypes } from '../../src/event/event.js'
import { position, resourceId } from '../../src/ids.js'
import { openHistory } from '../../src/log/history.js'
import { openLog, openLogReader } from '../../src/log/open-log.js'
import { createNotificationEvent } from '../../src/notification/notification-event.js'
import { openObservationSender } from '../../src/observation/observation-sender.js'
import { recorderSocketPath } from '../../src/observation/recorder-socket.js'
import { openRecorder } from '../../src/process/recorder.js'
import { buildInBackground } from '../../src/process/views-watcher.js'
import { openLocations } from '../../src/projection/locate.js'
import { openViews } from '../../src/projection/open-views.js'
import { query } from '../../src/sqlite.js'
import { alice, at, cornmeal, created, disk, event, folder, image, millet } from '../controls.js'
import { delivery } from '../notification/fixtures.js'

/** A logger whose lines can be read. */
function listening() {
  const lines: { msg: string }[] = []
  return {
    lines,
    logger: pino({ level: 'debug' }, { write: line => lines.push(JSON.parse(line)) }),
  }
}

/** Fails a test if its views are lost. */
function broken(error: unknown): never {
  throw error
}

function files(t: ExecutionContext) {
  const path = folder(t)
  return { logFile: join(path, 'events.db'), viewsFile: join(path, 'views.db'), command: 'serve' }
}

test('an event is in the log and in the views when record returns', async t => {
  const opened = files(t)
  await using recorder = await openRecorder(opened, broken, listening().logger)
  recorder.record([created(disk, alice), event()])
  using log = openLogReader(opened.logFile)
  using locations = openLocations(opened.viewsFile, opened.logFile)
  t.is([...log.read()].length, 2)
  t.is(locations.locate('volume', disk.id)[0]?.serviceProvider, cornmeal)
})

test('a duplicate is not recorded again, and duplicates are counted for each cloud', async t => {
  const opened = files(t)
  const again = event({ messageId: 'again' })
  {
    await using recorder = await openRecorder(opened, broken, listening().logger)
    recorder.record([again, again, created(disk, alice, { serviceProvider: millet })])
    recorder.record([again, event({ source: 'proxy', messageId: 'again' })])
  }
  using log = openHistory([opened.logFile])
  const [note, ...others] = [...log.read({ after: position(2) })]
  t.deepEqual(others, [])
  t.like(note, { serviceProvider: cornmeal, source: 'recorder', kind: 'noted' })
  t.is(JSON.parse(note?.body ?? '').absorbed, 2)
  using audited = openAuditDatabase(log)
  const clouds = reportSummary(audited, 3600e6).sections.find(({ name }) => name === 'clouds')
  t.deepEqual(
    clouds?.rows.map(row => [row['service_provider'], row['events'], row['absorbed']]),
    [
      [cornmeal, 2, 2],
      [millet, 1, 0],
    ],
  )
})

test('an id that a second cloud claims is counted, and logged once', async t => {
  const { lines, logger } = listening()
  await using recorder = await openRecorder(files(t), broken, logger)
  const claim = () => created(disk, alice, { serviceProvider: millet })
  recorder.record([created(disk, alice), created(image, alice)])
  t.is(recorder.state().conflicts, 0)
  recorder.record([claim()])
  recorder.record([claim()])
  t.is(recorder.state().conflicts, 1)
  t.is(lines.filter(({ msg }) => msg.includes('claimed by several clouds')).length, 1)
})

test('an observation of a worker is recorded like any event', async t => {
  const opened = files(t)
  const { logger } = listening()
  await using _recorder = await openRecorder(opened, broken, logger)
  const observation = {
    learned: 'created',
    serviceProvider: cornmeal,
    resource: image,
    project: alice,
    parent: null,
    observedAt: at(1),
    requestId: 'req-1',
  } as const
  await new Promise<unknown>(appended => {
    const sender = openObservationSender(recorderSocketPath(opened.logFile), appended, logger)
    t.teardown(() => sender[Symbol.dispose]())
    sender.send(observation)
  })
  using log = openLogReader(opened.logFile)
  t.like([...log.read()][0], { source: 'proxy', eventType: ownEventTypes.observedCreated })
  using locations = openLocations(opened.viewsFile, opened.logFile)
  t.is(locations.locate('image', image.id)[0]?.serviceProvider, cornmeal)
})

test('a second recorder is refused, and the first continues', async t => {
  const opened = files(t)
  const { logger } = listening()
  await using recorder = await openRecorder(opened, broken, logger)
  await t.throwsAsync(openRecorder(opened, broken, logger), { code: 'LOG_HELD' })
  t.notThrows(() => recorder.record([event()]))
})

test('a recorder that cannot open everything holds no lock', async t => {
  const opened = files(t)
  const { logger } = listening()
  writeFileSync(
    opened.logFile,
    'this is no database, and long enough to look like one if it were '.repeat(20),
  )
  await t.throwsAsync(openRecorder(opened, broken, logger), { code: 'LOG_NOT_A_LOG' })
  const other = { ...opened, logFile: `${opened.logFile}.2` }
  await t.notThrowsAsync(async () => {
    await using _recorder = await openRecorder(other, broken, logger)
  })
})

test('when the views are lost, recording continues and the caller is notified', async t => {
  const opened = files(t)
  const { logger } = listening()
  const lost: unknown[] = []
  await using recorder = await openRecorder(opened, error => lost.push(error), logger)
  const other = new Database(opened.viewsFile)
  other.exec('drop table locations')
  other.close()
  recorder.record([created(disk, alice)])
  t.is(lost.length, 1)
  using log = openLogReader(opened.logFile)
  t.is(log.head().position, position(1))
})

test('damage in views that does not prevent the start is found later, and the views are built again', async t => {
  const opened = { ...files(t), backgroundAfterMs: 1 }
  const events = Array.from({ length: 2000 }, () =>
    created({ type: 'volume', id: resourceId(randomUUID()) }, alice),
  )
  {
    await using recorder = await openRecorder(opened, broken, listening().logger)
    recorder.record(events)
  }
  const views = readFileSync(opened.viewsFile)
  const middle = Math.floor(views.length / 8192 / 2) * 8192
  writeFileSync(opened.viewsFile, views.fill(255, middle, middle + 8192))
  {
    let found = (_: unknown) => {}
    const damage = new Promise<unknown>(resolve => {
      found = resolve
    })
    await using _recorder = await openRecorder(opened, found, listening().logger)
    t.like(await damage, { code: 'VIEWS_LOST' })
  }
  const { logger, lines } = listening()
  await using _recorder = await openRecorder(
    { ...opened, backgroundAfterMs: 60_000 },
    broken,
    logger,
  )
  t.true(lines.some(({ msg }) => msg === 'views were built'))
  using locations = openLocations(opened.viewsFile, opened.logFile)
  for (const { resource } of events)
    t.is(resource && locations.locate('volume', resource.id).length, 1)
})

test('views that no request needs are not built while the recorder starts, but later', async t => {
  const opened = files(t)
  const deferredPosition = () =>
    query(opened.viewsFile, db => db.prepare('select deferred_position from state').pluck().get())
  {
    using log = openLog(opened.logFile)
    log.append([created(disk, alice), created(image, alice)], at(1))
  }
  {
    const later = { ...opened, backgroundAfterMs: 60_000 }
    await using recorder = await openRecorder(later, broken, listening().logger)
    await setImmediate()
    recorder.record([event()])
    t.is(deferredPosition(), 0)
    using locations = openLocations(opened.viewsFile, opened.logFile)
    t.is(locations.locate('image', image.id).length, 1)
  }
  const { views } = openViews(opened.viewsFile, [opened.logFile], { deferred: false })
  using _views = views
  using _building = buildInBackground(views, 1, broken)
  while (deferredPosition() === 0) await setImmediate()
  t.is(deferredPosition(), 3)
})

test('a conflict from before the start of the recorder is counted', async t => {
  const opened = files(t)
  {
    await using recorder = await openRecorder(opened, broken, listening().logger)
    recorder.record([created(disk, alice), created(disk, alice, { serviceProvider: millet })])
  }
  await using recorder = await openRecorder(opened, broken, listening().logger)
  t.is(recorder.state().conflicts, 1)
  recorder.record([created(image, alice), created(image, alice, { serviceProvider: millet })])
  t.is(recorder.state().conflicts, 2)
})

test('the recorder knows exchanges as they were last seen', async t => {
  await using recorder = await openRecorder(files(t), broken, listening().logger)
  const wire = { exchange: 'glance', routingKey: '', envelope: 'none' } as const
  recorder.record([event({ source: 'recorder', eventType: ownEventTypes.exchangeTransient, wire })])
  t.deepEqual(recorder.knownExchanges(cornmeal), [{ bus: '', name: 'glance', durable: false }])
  t.deepEqual(recorder.knownExchanges(millet), [])
})

test('law: the event of any delivery can be recorded', async t => {
  await using recorder = await openRecorder(files(t), broken, listening().logger)
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\0', '\ud800', ''))
  const id = fc.oneof(fc.uuid(), text)
  const timestamp = fc.constantFrom(
    '0000-01-01 00:00:00',
    '1969-12-31 23:59:59.999999',
    '9999-12-31T23:59:59.999999',
    '275760-09-13 00:00:00',
  )
  const anyMessage = fc.record({
    event_type: fc.oneof(fc.constantFrom('image.create', 'volume.create.start'), text),
    message_id: id,
    timestamp,
    payload: fc.record({ id, owner: id, volume_id: id, tenant_id: id }),
  })
  fc.assert(
    fc.property(anyMessage, text, text, (each, exchange, routingKey) => {
      const fields = [exchange, routingKey].map(field => Buffer.from(field).toString())
      const [wireExchange = '', wireKey = ''] = fields
      const sent = delivery(JSON.stringify(each), { exchange: wireExchange, routingKey: wireKey })
      t.notThrows(() => recorder.record([createNotificationEvent(sent)]))
    }),
    { numRuns: 200 },
  )
})
