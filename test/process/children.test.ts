import { spawn } from 'node:child_process'
import { once } from 'node:events'
import test from 'ava'
import { pino } from 'pino'
import { ChildFailed, keepRunning, READY } from '../../src/process/children.js'

const silent = pino({ level: 'silent' })

/** Start a process that runs this, with a channel to us. */
function run(program: string) {
  return () =>
    spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
}

const working = `process.send('${READY}'); setInterval(() => {}, 1000)`

test('a child that dies while it is at work is started again', async t => {
  const started: ReturnType<ReturnType<typeof run>>[] = []
  const child = keepRunning(
    'worker',
    () => {
      const process = run(working)()
      started.push(process)
      return process
    },
    silent,
  )
  t.teardown(() => child.stop())
  await child.ready
  const [first] = started
  first?.kill('SIGKILL')
  await once(first ?? process, 'exit')
  while (started.length < 2) await new Promise(resolve => setTimeout(resolve, 20))
  const [message] = await once(started[1] ?? process, 'message')
  t.is(message, READY)
})

test('a child that never came to work is reported with its exit code, and not repeated', async t => {
  let starts = 0
  const child = keepRunning(
    'recorder',
    () => {
      starts += 1
      return run('process.exit(2)')()
    },
    silent,
  )
  const failure = await t.throwsAsync(child.ready, { instanceOf: ChildFailed })
  t.is(failure?.exitCode, 2)
  t.is(starts, 1)
  await child.stop()
})

test('a child that is stopped is asked politely, waited for, and stays away', async t => {
  const program = `process.on('SIGTERM', () => setTimeout(() => process.exit(0), 100)); ${working}`
  let starts = 0
  const start = run(program)
  const child = keepRunning(
    'worker',
    () => {
      starts += 1
      return start()
    },
    silent,
  )
  await child.ready
  await child.stop()
  await child.stop()
  t.is(starts, 1)
})
