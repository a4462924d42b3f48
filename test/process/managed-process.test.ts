import { spawn } from 'node:child_process'
import test from 'ava'
import { manageProcess } from '../../src/process/managed-process.js'

test('repeated status requests leave no listeners', async t => {
  const script = `process.on('message', () => process.send({ type: 'status', status: {} }))`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'inherit', 2, 'ipc'] })
  t.teardown(() => child.kill('SIGKILL'))
  const managed = manageProcess(child)
  const empty: object = {}
  const before = child.listenerCount('exit')
  for (let n = 0; n < 20; n += 1) t.deepEqual(await managed.askStatus(30_000), empty)
  t.is(child.listenerCount('exit'), before)
})

test('a process that exits during a status request has no status, but an exit code', async t => {
  const script = `process.on('message', () => process.exit(3))`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'inherit', 2, 'ipc'] })
  const managed = manageProcess(child)
  t.is(await managed.askStatus(30_000), null)
  t.deepEqual(await managed.exited, { code: 3, signal: null, reason: null })
})

test('a process that cannot be started has exited with the reason', async t => {
  const child = spawn('/nowhere/program', { stdio: ['ignore', 2, 2, 'ipc'] })
  const { code, reason } = await manageProcess(child).exited
  t.is(code, 1)
  t.regex(reason ?? '', /ENOENT/)
})
