import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import { createServiceManager } from '../../src/process/service-manager.js'
import { folder } from '../controls.js'

const logger = pino({ level: 'silent' })

/** A program in place of systemd-notify. It writes its arguments to a file, READY with a delay. */
function telling(t: ExecutionContext) {
  const directory = folder(t)
  const heard = join(directory, 'heard')
  const program = join(directory, 'notify')
  writeFileSync(program, `#!/bin/sh\n[ "$1" = READY=1 ] && sleep 0.1\necho "$@" >> ${heard}\n`)
  chmodSync(program, 0o755)
  return {
    program,
    heard: () => (existsSync(heard) ? readFileSync(heard, 'utf8').trim().split('\n') : []),
  }
}

test('systemd gets the notifications in the order in which they were sent', async t => {
  const { program, heard } = telling(t)
  const env = { PATH: process.env['PATH'], NOTIFY_SOCKET: '/run/nowhere' }
  const manager = createServiceManager({ env, logger, program })
  await Promise.all([
    manager.ready('at work'),
    manager.reloading(),
    manager.ready('at work again'),
    manager.stopping(),
  ])
  const words = heard().map(line => line.replace(/MONOTONIC_USEC=\d+/, 'MONOTONIC_USEC=n'))
  t.deepEqual(words, [
    'READY=1 STATUS=at work',
    'RELOADING=1 MONOTONIC_USEC=n STATUS=reloading',
    'READY=1 STATUS=at work again',
    'STOPPING=1 STATUS=finishing what is running',
  ])
})

test('a process that systemd did not start sends no notifications and has no watchdog', async t => {
  const { program, heard } = telling(t)
  const manager = createServiceManager({ env: { WATCHDOG_USEC: '1000000' }, logger, program })
  await manager.ready('at work')
  t.deepEqual(heard(), [])
  t.is(manager.watchdogMs, null)
})

test('the watchdog is notified twice in its interval, and only by the process that it watches', t => {
  const env = { NOTIFY_SOCKET: '/run/nowhere', WATCHDOG_USEC: '30000000' }
  const of = (pid: number) =>
    createServiceManager({ env: { ...env, WATCHDOG_PID: String(pid) }, logger }).watchdogMs
  t.is(of(process.pid), 15_000)
  t.is(of(process.pid + 1), null)
  t.is(createServiceManager({ env, logger }).watchdogMs, 15_000)
})

test('a notification that cannot be sent is logged, and nothing more happens', async t => {
  const lines: string[] = []
  const manager = createServiceManager({
    env: { NOTIFY_SOCKET: '/run/nowhere' },
    logger: pino({}, { write: line => lines.push(line) }),
    program: '/nowhere/systemd-notify',
  })
  await t.notThrowsAsync(manager.ready('at work'))
  t.is(lines.length, 1)
})
