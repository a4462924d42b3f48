import { join } from 'node:path'
import test from 'ava'
import { parseTime } from '../../src/event/time.js'
import { micros, position } from '../../src/ids.js'
import { openLog } from '../../src/log/open-log.js'
import { parsePoint, positionAt } from '../../src/replay/point.js'
import { at, event, folder } from '../controls.js'

const NOW = parseTime('2026-11-23T23:30:10.500000Z') ?? micros(0)

for (const [text, expected] of [
  ['now', '2026-11-23T23:30:10.5Z'],
  ['-5m', '2026-11-23T23:25:10.5Z'],
  ['-90s', '2026-11-23T23:28:40.5Z'],
  ['-1.5h', '2026-11-23T22:00:10.5Z'],
  ['-2d', '2026-11-21T23:30:10.5Z'],
  ['-1w', '2026-11-16T23:30:10.5Z'],
  ['1h ago', '2026-11-23T22:30:10.5Z'],
  ['10 minutes ago', '2026-11-23T23:20:10.5Z'],
  ['1 day ago', '2026-11-22T23:30:10.5Z'],
  ['today', '2026-11-23T00:00:00Z'],
  ['today 05:59', '2026-11-23T05:59:00Z'],
  ['yesterday', '2026-11-22T00:00:00Z'],
  ['yesterday 05:59', '2026-11-22T05:59:00Z'],
  ['Yesterday 05:59:30Z', '2026-11-22T05:59:30Z'],
  ['yesterday 05:59 +01:00', '2026-11-23T04:59:00Z'],
  ['yesterday 05:59-0500', '2026-11-22T10:59:00Z'],
  ['2026-11-23T14:20+01:00', '2026-11-23T13:20:00Z'],
  ['2026-11-23 13:20:06.5', '2026-11-23T13:20:06.5Z'],
] as const) {
  test(`parsePoint reads ${text} at 2026-11-23T23:30:10.5Z as ${expected}`, t => {
    t.deepEqual(parsePoint(text, NOW), { time: parseTime(expected) })
  })
}

for (const wrong of ['5m', '-5m ago', '5x ago', 'ago', 'noon', 'yesterday 25:00', '-1', '- 5m']) {
  test(`parsePoint rejects "${wrong}"`, t => {
    t.throws(() => parsePoint(wrong, NOW), { code: 'USAGE', message: /expected a position/ })
  })
}

test('positionAt rejects a position beyond the log, and recognises seconds since 1970', t => {
  using log = openLog(join(folder(t), 'events.db'))
  log.append([event(), event()], at(10))
  const ask = (named: number) => positionAt(log, { position: position(named) })
  t.is(ask(2), position(2))
  t.is(ask(0), position(0))
  t.throws(() => ask(3), {
    code: 'USAGE',
    message: /^position 3: the log ends with event 2 \(.*\)\.$/,
  })
  for (const epoch of [1_795_440_000, 1_795_440_000_000, 1_795_440_000_000_000]) {
    t.throws(() => ask(epoch), {
      code: 'USAGE',
      message: /write the time: 2026-11-23T13:20:00\.000000Z$/,
    })
  }
})
