import { once } from 'node:events'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import test, { type ExecutionContext } from 'ava'
import Database from 'better-sqlite3'
import { runMixmatch } from '../../src/commands/program.js'
import type { Environment } from '../../src/config/effective-settings.js'
import { openLog } from '../../src/log/open-log.js'
import { federated, least, place } from '../config/configurations.js'
import { at, event, folder } from '../controls.js'
import { mixmatch } from './run-command.js'

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

/** Use any free ports: the default ports may be in use on the machine that runs the tests. */
const FREE_PORTS = { OS_DEFAULT__PORT: '0', OS_OPS__PORT: '0' }

/** Run `mixmatch` in a directory with this configuration. */
async function run(
  t: ExecutionContext,
  args: string[],
  text: string,
  env: Environment = FREE_PORTS,
) {
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

test('config check of a valid configuration names its clouds', async t => {
  t.deepEqual(await run(t, ['--config-file', 'mixmatch.conf', 'config', 'check'], federated), {
    exitCode: 0,
    stdout: 'mixmatch.conf: ok, clouds: default, sp1\n',
    stderr: '',
  })
})

test('config check finds ./mixmatch.conf', async t => {
  const { exitCode, stdout } = await run(t, ['config', 'check'], least)
  t.is(exitCode, 0)
  t.regex(stdout, /^mixmatch.conf/)
})

test('config check prints warnings and exits with 0', async t => {
  const { exitCode, stderr } = await run(t, ['config', 'check'], `${least}[auth]\nusrname = x\n`)
  t.is(exitCode, 0)
  t.is(
    stderr,
    'warning: mixmatch.conf:9 [auth] usrname: is not read: there is no such option. Is it username?\n',
  )
})

test('config check and show print every problem and exit with 2', async t => {
  for (const command of ['check', 'show']) {
    const text = `${least}[ops]\nport = x\nhost = -\n`
    const { exitCode, stdout, stderr } = await run(t, ['config', command], text, {})
    t.is(exitCode, 2)
    t.is(stdout, '')
    t.deepEqual(
      stderr.split('\n').map(line => line.split(':').slice(0, 2).join(':')),
      ['mixmatch.conf:9 [ops] port', 'mixmatch.conf:10 [ops] host', ''],
    )
  }
})

test('config check rejects another SQLite database in place of the event log', async t => {
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

test('a missing configuration file exits with 2', async t => {
  const { exitCode, stderr } = await run(t, ['--config-file', 'x.conf', 'config', 'check'], least)
  t.is(exitCode, 2)
  t.regex(stderr, /x\.conf/)
})

test('config show prints the value of every option, and masks secrets', async t => {
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

/** Run `config check` on this configuration with free ports and these variables. */
async function checked(t: ExecutionContext, env: Environment) {
  const { exitCode, stderr } = await run(t, ['config', 'check'], least, { ...FREE_PORTS, ...env })
  return { exitCode, stderr }
}

/** Listen on a TCP port until the test ends. */
async function listen(t: ExecutionContext, answer = ''): Promise<number> {
  const server = createServer((_request, response) => response.end(answer))
  t.teardown(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

test('config check rejects a port in use, and an address of another machine', async t => {
  const port = await listen(t)
  const taken = await checked(t, { OS_DEFAULT__HOST: '127.0.0.1', OS_DEFAULT__PORT: `${port}` })
  t.is(taken.exitCode, 2)
  t.is(
    taken.stderr,
    `$OS_DEFAULT__PORT [DEFAULT] port: 127.0.0.1:${port}: another process listens there\n`,
  )
  const elsewhere = await checked(t, { OS_OPS__HOST: '192.0.2.1' })
  t.is(elsewhere.exitCode, 2)
  t.regex(elsewhere.stderr, /\[ops\] host: expected an address of this machine, found 192\.0\.2\.1/)
})

test('config check warns of ports in use if Mixmatch itself runs there', async t => {
  const port = await listen(t, 'mixmatch_events_total 1')
  const { exitCode, stderr } = await checked(t, { OS_OPS__PORT: `${port}` })
  t.is(exitCode, 0)
  t.regex(stderr, /^warning: .*\[ops\] port: .* is in use, by the Mixmatch that runs already\n$/)
})

test('config check rejects one port for clients and operators', async t => {
  const both = { OS_DEFAULT__HOST: '127.0.0.1', OS_DEFAULT__PORT: '4711', OS_OPS__PORT: '4711' }
  const { exitCode, stderr } = await checked(t, both)
  t.is(exitCode, 2)
  t.regex(stderr, /\[ops\] port: expected another port than that of \[DEFAULT\] port, found 4711/)
})

test('config check rejects an event log or log_file whose folder cannot be created', async t => {
  const path = folder(t)
  writeFileSync(join(path, 'file'), '')
  const log = await checked(t, { OS_DATABASE__CONNECTION: `sqlite:///${path}/file/events.db` })
  t.is(log.exitCode, 2)
  t.regex(log.stderr, /\[database\] connection: .*\/file: expected a folder, found a file/)
  const lines = await checked(t, { OS_DEFAULT__LOG_FILE: path })
  t.is(lines.exitCode, 2)
  t.regex(lines.stderr, /\[DEFAULT\] log_file: .*: expected a file, found a folder/)
})

test('config check rejects a lost log whose views still exist', async t => {
  const path = folder(t)
  const log = join(path, 'events.db')
  {
    using appended = openLog(log)
    appended.append([event()], at(1))
  }
  t.is((await mixmatch(path, 'views', 'rebuild', '--log', 'events.db')).code, 0)
  const connection = { OS_DATABASE__CONNECTION: `sqlite:///${log}` }
  t.is((await checked(t, connection)).exitCode, 0)
  for (const name of readdirSync(path).filter(each => each.startsWith('events.db'))) {
    rmSync(join(path, name))
  }
  const { exitCode, stderr } = await checked(t, connection)
  t.is(exitCode, 2)
  t.regex(stderr, /\[database\] connection: .*events\.db: is gone, but its views know of 1\./)
})

test('config check creates no files', async t => {
  const path = folder(t)
  const connection = `sqlite:///${path}/new/events.db`
  t.is((await checked(t, { OS_DATABASE__CONNECTION: connection })).exitCode, 0)
  t.deepEqual(readdirSync(path), [])
})
