import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import type { Event, RecordedEvent } from '../../src/event/event.js'
import { position } from '../../src/ids.js'
import { importEvents } from '../../src/log/import.js'
import { openLog } from '../../src/log/open-log.js'
import { fromLine, isExported, toLine } from '../../src/log/portable.js'
import { verifyLog } from '../../src/log/verify.js'
import { alice, at, created, deleted, disk, event, folder, idp } from '../controls.js'

async function* each<Value>(values: Iterable<Value>): AsyncGenerator<Value> {
  yield* values
}

/** Write events to export lines and read them back. */
function carried(events: Iterable<RecordedEvent>): RecordedEvent[] {
  return [...events].map(recorded => {
    const line: unknown = JSON.parse(toLine(recorded))
    return fromLine(line, 'line')
  })
}

const anyEvent = fc
  .record({
    serviceProvider: fc.constant(idp),
    eventType: fc.string({ minLength: 1 }),
    emittedAt: fc.option(fc.constant(at(7))),
    wire: fc.record({
      exchange: fc.string(),
      routingKey: fc.string(),
      envelope: fc.constantFrom('2.0', '1.0', 'none'),
    }),
    body: fc.oneof(fc.json(), fc.string({ unit: 'grapheme' })),
  })
  .map(fields => event(fields as Partial<Event>))

test('law: a log that is exported and imported into a new log has the same hashes', async t => {
  const path = folder(t)
  let run = 0
  await fc.assert(
    fc.asyncProperty(fc.array(anyEvent, { minLength: 1, maxLength: 20 }), async events => {
      run += 1
      using log = openLog(join(path, `${run}.db`))
      using copy = openLog(join(path, `${run}-copy.db`))
      log.append(events, at(100))
      await importEvents(copy, each(carried(log.read())))
      t.deepEqual([...copy.read()], [...log.read()])
      t.deepEqual(verifyLog(copy, log.head().hash).breaches, [])
    }),
    { numRuns: 30 },
  )
})

test('a repeated or resumed import adds only new events', async t => {
  const path = folder(t)
  using log = openLog(join(path, 'events.db'))
  using copy = openLog(join(path, 'copy.db'))
  log.append([created(disk, alice), event()], at(1))
  t.like(await importEvents(copy, each(carried(log.read()))), { restored: 2, appended: 0 })
  t.like(await importEvents(copy, each(carried(log.read()))), { restored: 0, duplicates: 2 })
  log.append([deleted(disk)], at(2))
  t.like(await importEvents(copy, each(carried(log.read()))), { restored: 1, duplicates: 2 })
  t.deepEqual(copy.head(), log.head())
})

test('events of an export are recorded as new in a log that has other events', async t => {
  const path = folder(t)
  using log = openLog(join(path, 'events.db'))
  using other = openLog(join(path, 'other.db'))
  log.append([created(disk, alice)], at(1))
  other.append([event()], at(1))
  t.like(await importEvents(other, each(carried(log.read()))), { appended: 1 })
  t.deepEqual(
    [...other.read()].map(({ kind }) => kind),
    ['noted', 'created'],
  )
  t.deepEqual(verifyLog(other).breaches, [])
})

test('import refuses an export with a changed or missing line', async t => {
  const path = folder(t)
  using log = openLog(join(path, 'events.db'))
  log.append([created(disk, alice), event(), deleted(disk)], at(1))
  const [first, second, third] = carried(log.read())
  if (!first || !second || !third) return t.fail()
  for (const [name, events] of Object.entries({
    changed: [first, { ...second, body: '{}' }, third],
    'changed at its beginning': [{ ...first, project: null }, second, third],
    short: [first, third],
  })) {
    using copy = openLog(join(path, `${name}.db`))
    await t.throwsAsync(importEvents(copy, each(events)), { code: 'IMPORT_REFUSED' }, name)
    t.is(copy.head().position, 0 as never, name)
  }
})

test('the error for a line that is no exported event names the line and the problem', t => {
  t.false(isExported({ cloud: 'default', body: '{}' }))
  t.throws(() => fromLine({ position: 1, hash: 'short' }, 'copy.ndjson:7'), {
    code: 'IMPORT_REFUSED',
    message: /^copy\.ndjson:7: not an exported event: recorded_at: /,
  })
})

test('import refuses half of a surrogate pair and names the message that contains it', async t => {
  const path = folder(t)
  using log = openLog(join(path, 'events.db'))
  log.append([created(disk, alice)], at(1))
  const [first] = carried(log.read())
  if (!first) return t.fail()
  using copy = openLog(join(path, 'copy.db'))
  for (const forged of [
    { ...first, eventType: 'volume.\ud800' },
    { ...event(), messageId: 'x\udc00' },
    { ...event(), body: '"\ud800"' },
  ]) {
    await t.throwsAsync(importEvents(copy, each([forged])), {
      code: 'IMPORT_REFUSED',
      message: /half of a surrogate pair/,
    })
  }
  t.is(copy.head().position, position(0))
})
