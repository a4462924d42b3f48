import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import { openLog } from '../../src/log/log.js'
import { at, event, folder } from '../controls.js'
import { mixmatch } from './mixmatch.js'

/** What a command cannot do is said in a line, and leaves the log as it was. */

const nowhere = join('nowhere', 'file')

for (const [what, args, code, said] of [
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
  test(`${what}: ${said.source}`, async t => {
    const path = folder(t)
    mkdirSync(join(path, 'taken'))
    openLog(join(path, 'events.db'))[Symbol.dispose]()
    const ended = await mixmatch(path, ...args, '--log', 'events.db')
    t.regex(ended.err, said)
    t.is(ended.code, code)
  })
}

test('replay --to a broker that is not there names its host', async t => {
  const path = folder(t)
  using log = openLog(join(path, 'events.db'))
  log.append([event()], at(1))
  const to = ['--to', 'rabbit://guest:secret@127.0.0.1:1']
  const { code, err } = await mixmatch(path, 'replay', '--log', 'events.db', ...to)
  t.regex(err, /^mixmatch: RabbitMQ: 127\.0\.0\.1:1: .*ECONNREFUSED/m)
  t.notRegex(err, /secret/)
  t.is(code, 1)
})

test('what the machine refuses is said without a stack', async t => {
  const path = folder(t)
  using log = openLog(join(path, 'events.db'))
  log.append([event()], at(1))
  const dangling = pathToFileURL('/dev/full').href
  const to = ['--to', dangling, '--speed', 'max']
  const { code, err } = await mixmatch(path, 'replay', '--log', 'events.db', ...to)
  t.regex(err, /^mixmatch: ENOSPC: no space left on device/m)
  t.is(code, 1)
})
