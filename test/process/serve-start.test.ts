import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import Database from 'better-sqlite3'
import { openLog } from '../../src/log/open-log.js'
import { openViews } from '../../src/projection/open-views.js'
import { viewsFileOf } from '../../src/projection/views-file.js'
import { at, event, folder } from '../controls.js'
import { type Running, start } from './serving.js'

// Each test starts several processes, so they run one at a time.

/** Check that it exits by itself, with one error that says why. */
async function assertCannotStart(t: ExecutionContext, serving: Running, reason: RegExp) {
  t.is(await serving.ended, 1)
  const errors = serving.lines.filter(({ level }) => level === 'error')
  t.is(errors.length, 1, JSON.stringify(errors))
  t.regex(errors[0]?.msg ?? '', reason)
}

/** A port that another process has. */
async function takenPort(t: ExecutionContext): Promise<number> {
  const other = createServer()
  await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
  t.teardown(() => other.close())
  const address = other.address()
  return typeof address === 'object' ? (address?.port ?? 0) : 0
}

test.serial('serve exits with 1 and one error if its port is in use', async t => {
  const port = `${await takenPort(t)}`
  const serving = start(t, 'serve', {}, { port, workers: '2' })
  await assertCannotStart(t, serving, /^worker \d did not start: .*another process listens there/)
})

for (const half of ['serve', 'record', 'proxy'] as const) {
  test.serial(`${half} exits with 1 and one error if its port for operators is in use`, async t => {
    const port = await takenPort(t)
    const running = start(t, half, {}, {}, undefined, port)
    const reason = `^127.0.0.1:${port}: another process listens there. Set another \\[ops\\] host and port`
    await assertCannotStart(t, running, new RegExp(reason))
    t.false(running.lines.some(({ msg }) => msg === 'accepting connections' || msg === 'recording'))
  })
}

test.serial('serve exits with 1 and one error if the log is another SQLite file', async t => {
  const file = join(folder(t), 'other.db')
  const db = new Database(file)
  db.exec('create table recipes (name text)')
  db.close()
  const serving = start(t, 'serve', {}, {}, file)
  await assertCannotStart(t, serving, /^recorder did not start: .*another SQLite database/)
})

test.serial('serve exits with 1 and one error if the folder cannot be made', async t => {
  const file = join(folder(t), 'no-folder')
  writeFileSync(file, '')
  const serving = start(t, 'serve', {}, {}, join(file, 'events.db'))
  await assertCannotStart(t, serving, /^recorder did not start: .*no-folder/)
})

test.serial(
  'serve exits with 1 and one error if its log is lost, and does not begin a new one',
  async t => {
    const file = join(folder(t), 'events.db')
    {
      using log = openLog(file)
      log.append([event()], at(1))
    }
    openViews(viewsFileOf(file), [file]).views[Symbol.dispose]()
    rmSync(file)
    const serving = start(t, 'serve', {}, {}, file)
    await assertCannotStart(t, serving, /^recorder did not start: .*views know of 1\./)
    t.false(existsSync(file))
  },
)

test.serial('the supervisor loads no package that only a recorder or a worker needs', async t => {
  const noting = ['--import=./test/process/note-packages.ts']
  const serving = start(t, 'serve', {}, {}, undefined, 0, noting)
  await serving.line('serving')
  t.is((await fetch(`${await serving.ops()}/metrics`)).status, 200)
  serving.signal('SIGTERM')
  t.is(await serving.ended, 0)
  const noted = readFileSync(join(serving.directory, 'mixmatch.conf.packages'), 'utf8')
  const packages: readonly string[] = JSON.parse(noted)
  t.true(packages.includes('koa') && packages.includes('zod'), noted)
  const others = ['amqplib', 'better-sqlite3', '@foxglove/wasm-bz2', 'undici']
  t.deepEqual(
    others.filter(name => packages.includes(name)),
    [],
  )
})

test.serial('serve exits at once on SIGTERM while its recorder is still starting', async t => {
  const serving = start(t, 'serve')
  await serving.line('the port for operators is open')
  const begun = performance.now()
  serving.signal('SIGTERM')
  t.is(await serving.ended, 0)
  t.true(performance.now() - begun < 60_000)
})
