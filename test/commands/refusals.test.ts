import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import { openLog } from '../../src/log/open-log.js'
import { at, event, folder } from '../controls.js'
import { mixmatch } from './run-command.js'

/** A command that fails prints one line and does not change the log. */

const nowhere = join('nowhere', 'file')

for (const [what, args, code, message] of [
  [
    'backup',
    ['log', 'backup', nowhere],
    2,
    /nowhere\/file: there is no folder .*nowhere\. Make it/,
  ],
  ['backup', ['log', 'backup', 'taken'], 2, /taken: is a folder\. Name a file in it/],
  ['replay --into', ['replay', '--into', nowhere], 2, /there is no folder .*nowhere\. Make it/],
  ['replay --to', ['replay', '--to', 'file:///nowhere/bus'], 2, /there is no folder \/nowhere\./],
  ['log import', ['log', 'import', 'taken'], 2, /taken: is a folder/],
] as const) {
  test(`${what} exits with ${code} and prints ${message.source}`, async t => {
    const path = folder(t)
    mkdirSync(join(path, 'taken'))
    openLog(join(path, 'events.db'))[Symbol.dispose]()
    const ended = await mixmatch(path, ...args, '--log', 'events.db')
    t.regex(ended.err, message)
    t.is(ended.code, code)
  })
}

test('replay --to an unreachable broker names its host', async t => {
  const path = folder(t)
  using log = openLog(join(path, 'events.db'))
  log.append([event()], at(1))
  const to = ['--to', 'rabbit://guest:secret@127.0.0.1:1']
  const { code, err } = await mixmatch(path, 'replay', '--log', 'events.db', ...to)
  t.regex(err, /^mixmatch: RabbitMQ: 127\.0\.0\.1:1: .*ECONNREFUSED/m)
  t.notRegex(err, /secret/)
  t.is(code, 1)
})

test('a system error is printed without a stack', async t => {
  const path = folder(t)
  using log = openLog(join(path, 'events.db'))
  log.append([event()], at(1))
  const dangling = pathToFileURL('/dev/full').href
  const to = ['--to', dangling, '--speed', 'max']
  const { code, err } = await mixmatch(path, 'replay', '--log', 'events.db', ...to)
  t.regex(err, /^mixmatch: ENOSPC: no space left on device/m)
  t.is(code, 1)
})

test('every command says that a truncated log is damaged', async t => {
  const path = folder(t)
  {
    using log = openLog(join(path, 'events.db'))
    log.append([event(), event()], at(1))
  }
  truncateSync(join(path, 'events.db'), 100_000)
  for (const args of [
    ['audit', 'summary'],
    ['log', 'verify'],
    ['log', 'info'],
    ['locate', 'x'],
  ]) {
    const { code, err } = await mixmatch(path, ...args, '--log', 'events.db')
    t.regex(err, /events\.db: is damaged \(.*malformed\)\. Take another copy/, args.join(' '))
    t.is(code, 1)
  }
})

test('log import of a truncated .gz imports its beginning, and later the rest', async t => {
  const path = folder(t)
  const whole = readFileSync(new URL('../../data/sample.ndjson.gz', import.meta.url))
  writeFileSync(join(path, 'some.ndjson.gz'), whole.subarray(0, 200_000))
  const into = ['--log', 'events.db']
  const cut = await mixmatch(path, 'log', 'import', 'some.ndjson.gz', ...into)
  t.regex(cut.err, /some\.ndjson\.gz: cannot be unpacked beyond line \d+: unexpected end of file/)
  t.is(cut.code, 1)
  t.is((await mixmatch(path, 'log', 'verify', ...into)).code, 0)

  writeFileSync(join(path, 'some.ndjson.gz'), whole)
  const again = await mixmatch(path, 'log', 'import', 'some.ndjson.gz', ...into)
  t.is(again.code, 0)
  t.regex((await mixmatch(path, 'log', 'verify', ...into)).out, /4057 events hold/)

  writeFileSync(join(path, 'not.gz'), 'plain text')
  const { code, err } = await mixmatch(path, 'log', 'import', 'not.gz', ...into)
  t.regex(err, /not\.gz: cannot be unpacked beyond line 0: incorrect header check/)
  t.is(code, 1)
})
