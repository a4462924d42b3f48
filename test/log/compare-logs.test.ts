import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { Event } from '../../src/event/event.js'
import { position } from '../../src/ids.js'
import { archiveLog } from '../../src/log/archive.js'
import { compareLogs } from '../../src/log/compare-logs.js'
import type { LogReader } from '../../src/log/event-log.js'
import { openLog, openLogReader } from '../../src/log/open-log.js'
import { at, event, folder } from '../controls.js'

const events = Array.from({ length: 9 }, () => event())

function record(t: ExecutionContext, all: readonly Event[]): string {
  using log = openLog(join(folder(t), 'events.db'))
  log.append(all, at(1))
  return log.file
}

/** A file of a log, opened without its archives. */
function open(t: ExecutionContext, file: string): LogReader {
  const log = openLogReader(file)
  t.teardown(() => log[Symbol.dispose]())
  return log
}

const recorded = (t: ExecutionContext, all: readonly Event[]) => open(t, record(t, all))

/** The live file of a log whose first events are in an archive. */
function continued(t: ExecutionContext, all: readonly Event[], upTo: number): LogReader {
  const file = record(t, all)
  archiveLog(file, position(upTo), () => {})
  return open(t, file)
}

test('two logs are compared at the first event where they differ, wherever it is', t => {
  const one = recorded(t, events)
  for (const [index] of events.entries()) {
    const other = recorded(t, events.with(index, event()))
    const compared = compareLogs(one, other)
    t.is(compared?.agreeUpTo, position(index))
    t.is(compared?.difference?.position, position(index + 1))
    const expected = [one, other].map(log => log.get(position(index + 1)))
    t.deepEqual(compared?.difference?.events, expected)
  }
})

test('a log that is the beginning of another one agrees with it up to its own end', t => {
  const whole = recorded(t, events)
  for (const length of [0, 1, 8, 9]) {
    const beginning = recorded(t, events.slice(0, length))
    const expected = { agreeUpTo: position(length), difference: null }
    t.deepEqual(compareLogs(whole, beginning), expected)
    t.deepEqual(compareLogs(beginning, whole), expected)
  }
})

test('a log without its archive is compared from the last archived event on', t => {
  const live = continued(t, events, 3)
  t.deepEqual(compareLogs(live, recorded(t, events)), { agreeUpTo: position(9), difference: null })
  const shorter = recorded(t, events.slice(0, 3))
  t.deepEqual(compareLogs(live, shorter), { agreeUpTo: position(3), difference: null })
  t.is(compareLogs(live, recorded(t, events.slice(0, 2))), null)
  const later = compareLogs(live, recorded(t, events.with(3, event())))
  t.is(later?.agreeUpTo, position(3))
  t.is(later?.difference?.events?.[0].position, position(4))
})

test('a difference in archived events is reported although the archives are missing', t => {
  const expected = {
    agreeUpTo: position(0),
    difference: { position: position(3), events: null },
  }
  const live = continued(t, events, 3)
  const different = events.with(1, event())
  for (const other of [recorded(t, different), continued(t, different, 3)]) {
    t.deepEqual(compareLogs(live, other), expected)
    t.deepEqual(compareLogs(other, live), expected)
  }
})
