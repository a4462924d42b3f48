import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import type { Event, RecordedEvent } from '../../src/event/event.js'
import { position } from '../../src/ids.js'
import { importEvents } from '../../src/log/import.js'
import { openLog } from '../../src/log/open-log.js'
import { fromLine, isExported, toLine, toPortable } from '../../src/log/portable.js'
import { verifyLog } from '../../src/log/verify.js'
import { alice, at, created, deleted, disk, event, folder, idp, snapshot } from '../controls.js'

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

test('the rest of an export continues a log that has its beginning, and is recorded as new in any other', async t => {
  const path = folder(t)
  using log = openLog(join(path, 'events.db'))
  using beginning = openLog(join(path, 'beginning.db'))
  using empty = openLog(join(path, 'empty.db'))
  using other = openLog(join(path, 'other.db'))
  log.append([created(disk, alice), event(), deleted(disk)], at(1))
  const all = carried(log.read())
  await importEvents(beginning, each(all.slice(0, 1)))
  other.append([event()], at(1))
  const rest = () => each(all.slice(1))
  t.like(await importEvents(beginning, rest()), { restored: 2, appended: 0, duplicates: 0 })
  t.like(await importEvents(empty, rest()), { restored: 0, appended: 2, duplicates: 0 })
  t.like(await importEvents(other, rest()), { restored: 0, appended: 2, duplicates: 0 })
  t.like(await importEvents(other, rest()), { restored: 0, appended: 0, duplicates: 2 })
})

test('exported events and recorded notifications can be imported together, in any order', async t => {
  const path = folder(t)
  using log = openLog(join(path, 'events.db'))
  log.append([created(disk, alice), event()], at(1))
  const exported = carried(log.read())
  const notifications = [event(), event()]
  for (const [name, events, counts] of [
    ['after', [...exported, ...notifications], { restored: 2, appended: 2 }],
    ['before', [...notifications, ...exported], { restored: 0, appended: 4 }],
  ] as const) {
    using copy = openLog(join(path, `${name}.db`))
    t.deepEqual(await importEvents(copy, each(events)), { ...counts, duplicates: 0 })
    t.deepEqual(
      [...copy.read()].map(({ messageId }) => messageId),
      events.map(({ messageId }) => messageId),
    )
  }
})

test('an import reports its progress after each thousand events, and in total', async t => {
  using log = openLog(join(folder(t), 'events.db'))
  const events = Array.from({ length: 2500 }, () => event())
  const reported: number[] = []
  const total = await importEvents(log, each(events), ({ appended }) => reported.push(appended))
  t.deepEqual(reported, [1000, 2000, 2500])
  t.deepEqual(total, { restored: 0, appended: 2500, duplicates: 0 })
})

test('import refuses an export with a changed or missing line', async t => {
  const path = folder(t)
  using log = openLog(join(path, 'events.db'))
  log.append([created(disk, alice), event(), deleted(disk)], at(1))
  const [first, second, third] = carried(log.read())
  if (!first || !second || !third) return t.fail()
  for (const [name, events, message] of [
    ['changed', [first, { ...second, body: '{}' }, third], /^event 2 .*: it was changed/],
    ['changed at its beginning', [{ ...first, project: null }, second], /^event 1 .* was changed/],
    ['short', [first, third], /^event 3 .*: it follows position 1: events are missing/],
  ] as const) {
    using copy = openLog(join(path, `${name}.db`))
    await t.throwsAsync(importEvents(copy, each(events)), { code: 'IMPORT_REFUSED', message }, name)
    t.is(copy.head().position, position(0), name)
  }
})

test('an exported line has the body as JSON only if that is the same text, and reads back the same', t => {
  using log = openLog(join(folder(t), 'events.db'))
  const same = ['{"a":1,"b":[null,"\u00e9"]}', '[]', 'null']
  const different = [
    '{"a": 1}',
    '{"size":1152921504606846977}',
    '{"a":1,"a":2}',
    '1',
    '"a"',
    '',
    'a',
  ]
  log.append(
    [...same, ...different].map(body => event({ body })),
    at(1),
  )
  const lines = [...log.read()].map(toPortable)
  t.deepEqual(
    lines.map(line => 'body' in line),
    [...same.map(() => true), ...different.map(() => false)],
  )
  t.deepEqual(carried(log.read()), [...log.read()])
})

test('an exported line has every field of its event', t => {
  using log = openLog(join(folder(t), 'events.db'))
  const wire = { exchange: '', routingKey: '', envelope: 'none' } as const
  log.append(
    [
      created(snapshot, alice, { parent: disk.id }),
      event({ emittedAt: null, source: 'recorder', wire, serviceProvider: idp }),
    ],
    at(1),
  )
  t.deepEqual(carried(log.read()), [...log.read()])
})

test('an exported line has a position and a hash, unlike a recorded notification', t => {
  t.true(isExported({ position: 1, hash: '' }))
  for (const line of [
    { cloud: 'default', body: '{}' },
    { position: 1 },
    { hash: '' },
    [],
    null,
    1,
  ]) {
    t.false(isExported(line))
  }
})

test('the error for a line that is no exported event names the line, the field and the problem', t => {
  using log = openLog(join(folder(t), 'events.db'))
  log.append([event()], at(1))
  const [line] = [...log.read()].map(toPortable)
  for (const [changed, problem] of [
    [5, 'the line: '],
    [{ position: 1, hash: 'short' }, 'recorded_at: '],
    [{ ...line, hash: `0${line?.hash}` }, 'hash: '],
    [{ ...line, hash: `${line?.hash}0` }, 'hash: '],
    [{ ...line, emitted_at: 'yesterday' }, 'emitted_at: expected a time, got "yesterday"'],
    [{ ...line, resource: { type: 'planet', id: '1' } }, 'resource.type: '],
  ] as const) {
    const error = t.throws(() => fromLine(changed, 'copy.ndjson:7'), { code: 'IMPORT_REFUSED' })
    const beginning = `copy.ndjson:7: not an exported event: ${problem}`
    t.is(error?.message.slice(0, beginning.length), beginning)
  }
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
