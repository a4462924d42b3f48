import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { projectId, resourceId, spName } from '../../src/ids.js'
import { openLog } from '../../src/log/open-log.js'
import { visibleLine } from '../../src/visible-text.js'
import { at, created, event, folder } from '../controls.js'
import { mixmatch } from './run-command.js'

/** Escape sequences that clear the screen, rename the window and overwrite a line. */
const HOSTILE = 'x\u001b[2J\u001b]0;owned\u0007\u009b31m\u202e\rnothing\nhappened'

const LOG = ['--log', 'events.db']

function recorded(t: ExecutionContext): string {
  const path = folder(t)
  using log = openLog(join(path, 'events.db'))
  const resource = { type: 'volume', id: resourceId(HOSTILE) } as const
  const where = { serviceProvider: spName(HOSTILE), messageId: HOSTILE, emittedAt: at(1) }
  const named = { project: projectId(HOSTILE), eventType: HOSTILE, body: HOSTILE }
  log.append([{ ...created(resource, null, where), ...named }, event()], at(10))
  return path
}

/** Control characters other than line ends and tabs. */
const CONTROLS = /(?!\r?\n|\t)[\p{Cc}\u2028-\u202e\u2066-\u2069]/u

for (const [args, code] of [
  [['log', 'tail'], 0],
  [['log', 'tail', '--format', 'json'], 0],
  [['log', 'show', '1'], 0],
  [['log', 'info'], 0],
  [['log', 'export'], 0],
  [['replay', '-f', 'csv'], 0],
  [['replay', '-f', 'value'], 0],
  [['replay', '--diff', '0', '2'], 0],
  [['locate', HOSTILE], 0],
  [['locate', HOSTILE, '--history'], 0],
  [['locate', `${HOSTILE}?`], 1],
  [['explain', 'GET', `/volume/v3/x/volumes/${HOSTILE}`], 1],
  [['explain', 'GET', '/image/v2/images', '-H', `MM-Service-Provider: ${HOSTILE}`], 0],
  [['audit', 'summary'], 0],
  [['audit', 'placement', '-f', 'html'], 0],
  [['audit', 'anomalies', '-f', 'csv'], 1],
  [['audit', 'summary', '--section', HOSTILE], 2],
  [['log', 'show', HOSTILE], 2],
  [[`--${HOSTILE}`], 2],
] as const) {
  test(`${visibleLine(args.join(' '))} prints no control characters`, async t => {
    const ended = await mixmatch(recorded(t), ...args, ...(args.length > 1 ? LOG : []))
    t.is(ended.code, code, ended.err)
    t.notRegex(ended.out, CONTROLS)
    t.notRegex(ended.err, CONTROLS)
  })
}

test('control characters in a name are visible in tables, and unchanged in JSON', async t => {
  const path = recorded(t)
  const table = await mixmatch(path, 'log', 'tail', ...LOG, '-n', '2')
  t.true(
    table.out.includes('volume x\\x1b[2J\\x1b]0;owned\\x07\\u009b31m\\u202e\\rnothing\\nhappened'),
  )
  const json = await mixmatch(path, 'log', 'tail', ...LOG, '-n', '2', '--format', 'json')
  t.deepEqual(JSON.parse(json.out.split('\n')[0] ?? '').resource, { type: 'volume', id: HOSTILE })
})

test('a name with line ends does not break the line of an error', async t => {
  const { err } = await mixmatch(recorded(t), 'locate', 'x\nmixmatch: all is well', ...LOG)
  t.regex(err, /^mixmatch: x\\nmixmatch: all is well: no cloud is known to hold it .*\n$/)
})

test('messages about a configuration contain no control characters', async t => {
  const path = folder(t)
  writeFileSync(join(path, 'x.conf'), `[DEFAULT]\nport = ${'\u001b[2J'}\n[\u001b[2J]\n`)
  const { code, err } = await mixmatch(path, '--config-file', 'x.conf', 'config', 'check')
  t.is(code, 2)
  t.notRegex(err, CONTROLS)
})
