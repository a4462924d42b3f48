import { join } from 'node:path'
import { Writable } from 'node:stream'
import test, { type ExecutionContext } from 'ava'
import Database from 'better-sqlite3'
import { runMixmatch } from '../../src/commands/mixmatch.js'
import { openLog } from '../../src/log/log.js'
import { federated, least, place } from '../config/places.js'
import { folder } from '../controls.js'

function sink() {
  const chunks: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk))
      done()
    },
  })
  return { stream, text: () => chunks.join('') }
}

/** Run `mixmatch` in a directory with this configuration. */
async function run(t: ExecutionContext, args: string[], text: string, env = {}) {
  const { cwd } = place(t, { 'mixmatch.conf': text }, env)
  const out = sink()
  const err = sink()
  const exitCode = await runMixmatch(args, {
    env,
    cwd,
    mainScript: '',
    stdout: out.stream,
    stderr: err.stream,
  })
  return { exitCode, stdout: out.text(), stderr: err.text() }
}

test('config check says that all is well, and which clouds there are', async t => {
  t.deepEqual(await run(t, ['--config-file', 'mixmatch.conf', 'config', 'check'], federated), {
    exitCode: 0,
    stdout: 'mixmatch.conf: ok, clouds: default, sp1\n',
    stderr: '',
  })
})

test('config check finds the file by itself', async t => {
  const { exitCode, stdout } = await run(t, ['config', 'check'], least)
  t.is(exitCode, 0)
  t.regex(stdout, /^mixmatch.conf/)
})

test('config check tells warnings apart, and ends well in spite of them', async t => {
  const { exitCode, stderr } = await run(t, ['config', 'check'], `${least}[auth]\nusrname = x\n`)
  t.is(exitCode, 0)
  t.is(
    stderr,
    'warning: mixmatch.conf:9 [auth] usrname: is not read: there is no such option. Is it username?\n',
  )
})

test('config check and show end with 2 where there is a problem, and say every one', async t => {
  for (const command of ['check', 'show']) {
    const text = `${least}[ops]\nport = x\nhost = -\n`
    const { exitCode, stdout, stderr } = await run(t, ['config', command], text)
    t.is(exitCode, 2)
    t.is(stdout, '')
    t.deepEqual(
      stderr.split('\n').map(line => line.split(':').slice(0, 2).join(':')),
      ['mixmatch.conf:9 [ops] port', 'mixmatch.conf:10 [ops] host', ''],
    )
  }
})

test('config check refuses a database that is no event log, such as that of a Python mixmatch', async t => {
  const file = join(folder(t), 'mixmatch.db')
  const db = new Database(file)
  db.exec('create table resource_mapping (id integer primary key)')
  db.close()
  const text = `${least}[database]\nconnection = "sqlite:///${file}"\n`
  const { exitCode, stderr } = await run(t, ['config', 'check'], text)
  t.is(exitCode, 2)
  t.regex(stderr, /^mixmatch.conf:9 \[database\] connection: .*mixmatch.db: expected an event log/)

  const log = join(folder(t), 'events.db')
  openLog(log)[Symbol.dispose]()
  t.is((await run(t, ['config', 'check'], text.replace(file, log))).exitCode, 0)
})

test('a configuration file that does not exist is misuse', async t => {
  const { exitCode, stderr } = await run(t, ['--config-file', 'x.conf', 'config', 'check'], least)
  t.is(exitCode, 2)
  t.regex(stderr, /x\.conf/)
})

test('config show prints every option as it counts, secrets masked', async t => {
  const env = { OS_AUTH__PASSWORD: 'hunter2' }
  const { exitCode, stdout } = await run(t, ['config', 'show'], least, env)
  t.is(exitCode, 0)
  t.regex(stdout, /^\[auth\]$[^[]*^password = \*\*\*$/m)
  t.notRegex(stdout, /hunter2/)
})

test('config show prints a JSON object for each option', async t => {
  const { stdout } = await run(t, ['config', 'show', '--format', 'json'], least)
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  t.deepEqual(lines[0], {
    group: 'DEFAULT',
    option: 'service_providers',
    value: 'default',
    default: false,
    source: 'mixmatch.conf:3',
    otherwise: null,
  })
})
