import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import test, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import { ChildFailed, type ChildOptions, keepRunning } from '../../src/process/children.js'
import { READY } from '../../src/process/run.js'

const logger = pino({ level: 'silent' })
const working = `process.send('${READY}'); setInterval(() => {}, 1000)`

/** Start a process that runs this, with a channel to us. */
function run(program: string): ChildProcess {
  return spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
}

/** Keep what these programs make of themselves, one after another, the last again and again. */
function keep(t: ExecutionContext, programs: readonly string[], options?: Partial<ChildOptions>) {
  const started: ChildProcess[] = []
  const child = keepRunning({
    name: 'worker',
    start() {
      const process = run(programs[started.length] ?? programs.at(-1) ?? '')
      started.push(process)
      return process
    },
    patienceMs: () => 5_000,
    onDeath: () => {},
    logger,
    ...options,
  })
  t.teardown(() => child.stop())
  return { child, started }
}

async function end(process: ChildProcess | undefined): Promise<void> {
  process?.kill('SIGKILL')
  if (process) await once(process, 'exit')
}

function isRunning(process: ChildProcess | undefined): boolean {
  return process !== undefined && process.exitCode === null && process.signalCode === null
}

test('a child that dies while it is at work is started again', async t => {
  let deaths = 0
  const { child, started } = keep(t, [working], { onDeath: () => deaths++ })
  await child.ready
  await end(started[0])
  while (started.length < 2) await new Promise(resolve => setTimeout(resolve, 20))
  const [message] = await once(child.current(), 'message')
  t.is(message, READY)
  t.is(deaths, 1)
})

test('a child that never came to work is reported with its exit code, and not repeated', async t => {
  const { child, started } = keep(t, ['process.exit(2)'])
  const failure = await t.throwsAsync(child.ready, { instanceOf: ChildFailed })
  t.is(failure?.exitCode, 2)
  t.is(started.length, 1)
})

test('a child that ended in order before it was at work has failed, too', async t => {
  const { child } = keep(t, ['process.exit(0)'])
  const failure = await t.throwsAsync(child.ready, { instanceOf: ChildFailed })
  t.is(failure?.exitCode, 1)
})

test('a child that is stopped is asked politely, waited for, and stays away', async t => {
  const polite = `process.on('SIGTERM', () => setTimeout(() => process.exit(0), 100)); ${working}`
  const { child, started } = keep(t, [polite])
  await child.ready
  await child.stop()
  await child.stop()
  t.is(started[0]?.exitCode, 0)
  t.is(started.length, 1)
})

test('a child that does not end when it is asked to is killed', async t => {
  const deaf = `process.on('SIGTERM', () => {}); ${working}`
  const { child, started } = keep(t, [deaf], { patienceMs: () => 100 })
  await child.ready
  await child.stop()
  t.is(started[0]?.signalCode, 'SIGKILL')
})

test('a child is let go when the new one is at work, and is no death when it ends', async t => {
  let deaths = 0
  const { child, started } = keep(t, [working], { onDeath: () => deaths++ })
  await child.ready
  let bothRan = false
  await child.relieve(old => {
    bothRan = isRunning(old) && isRunning(child.current()) && old !== child.current()
  })
  t.true(bothRan)
  await end(started[0])
  t.true(child.current() === started[1] && isRunning(started[1]))
  t.is(deaths, 0)
})

test('a child that was let go and has not ended yet is stopped with the other', async t => {
  const { child, started } = keep(t, [working])
  await child.ready
  await child.relieve(() => {})
  await child.stop()
  t.deepEqual(started.map(isRunning), [false, false])
})

test('once it is stopped nothing is started in its place, whoever asks for it', async t => {
  const { child, started } = keep(t, [working])
  await child.ready
  const relieved = child.relieve(() => {})
  await child.stop()
  await relieved
  await child.relieve(() => {})
  await child.restart()
  t.deepEqual(started.map(isRunning), [false, false])
})

test('where the new one does not get to work, the old child stays', async t => {
  const { child, started } = keep(t, [working, 'process.exit(1)'])
  await child.ready
  await t.throwsAsync(
    child.relieve(() => {}),
    { instanceOf: ChildFailed },
  )
  t.true(child.current() === started[0])
  t.true(isRunning(started[0]))
})

test('a restarted child is gone before the new one begins', async t => {
  let ranAtStart: boolean | undefined
  const { child, started } = keep(t, [working])
  await child.ready
  started[0]?.once('exit', () => {
    ranAtStart = started.length > 1
  })
  await child.restart()
  t.false(ranAtStart)
  t.true(isRunning(started[1]))
})

test('a restarted child that does not get to work is tried again', async t => {
  const { child, started } = keep(t, [working, 'process.exit(1)', working])
  await child.ready
  await t.throwsAsync(child.restart(), { instanceOf: ChildFailed })
  while (started.length < 3) await new Promise(resolve => setTimeout(resolve, 20))
  const [message] = await once(child.current(), 'message')
  t.is(message, READY)
})
