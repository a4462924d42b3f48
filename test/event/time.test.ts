import test from 'ava'
import { formatTime, parseTime } from '../../src/event/time.js'

for (const [text, expected] of [
  ['2026-11-23 13:20:06.707170', '2026-11-23T13:20:06.707170Z'],
  ['2026-11-23T13:20:06Z', '2026-11-23T13:20:06.000000Z'],
  ['2026-11-23T13:20:06.5+02:00', '2026-11-23T11:20:06.500000Z'],
  ['1969-12-31T23:59:59.999999Z', '1969-12-31T23:59:59.999999Z'],
  ['1900-01-01T00:00:00Z', '1900-01-01T00:00:00.000000Z'],
] as const) {
  test(`parseTime reads ${text} to the microsecond`, t => {
    const time = parseTime(text)
    t.is(time === null ? null : formatTime(time), expected)
  })
}

for (const text of [
  '0000-01-01T00:00:00+05:00',
  '1600-01-01T00:00:00Z',
  '9999-12-31T23:59:59Z',
  'soon',
]) {
  test(`parseTime returns null for ${text}`, t => {
    t.is(parseTime(text), null)
  })
}
