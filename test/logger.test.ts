import test from 'ava'
import { osloLine } from '../src/logger.js'

test('a log line of text is one line, and nothing that a terminal obeys is in it', t => {
  const line = JSON.stringify({
    time: '2026-11-23T13:20:06.707Z',
    pid: 7,
    level: 'warn',
    name: 'recorder',
    msg: 'bus sp1: \u001b[2J\nforged',
    error: '\u009b31m',
  })
  t.is(
    osloLine(line),
    '2026-11-23 13:20:06.707 7 WARN recorder bus sp1: \\x1b[2J\\nforged {"error":"\\u009b31m"}\n',
  )
})
