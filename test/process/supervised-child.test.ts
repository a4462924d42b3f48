import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import {
  ChildFailed,
  type ChildOptions,
  superviseChild,
} from '../../src/process/supervised-child.js'

const logger = pino({ level: 'silent' })
const working = `process.send({ type: 'ready' }); setInterval(() => {}, 1000)`

/** Start a process that runs this code, with an IPC channel. */
function run(program: string): ChildProcess {
  return spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
}

/** Supervise a child. Its processes run these programs in order, and then the last one again and again. */
function keep(t: ExecutionContext, programs: readonly string[], options?: Partial<ChildOptions>) {
  const started: ChildProcess[] = []
  const child = superviseChild({
    name: 'worker',
    start() {
      const process = run(programs[started.length] ?? programs.at(-1) ?? '')
      started.push(process)
      return process
    },
    killAfterMs: () => 60_000,
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

test('a child that dies after it was ready is started again', async t => {
  let deaths = 0
  const { child, started } = keep(t, [working], { onDeath: () => deaths++ })
  await child.ready
  await end(started[0])
  while (started.length < 2) await setTimeout(20)
  t.true(await child.current().ready)
  t.is(deaths, 1)
})

test('a child that was never ready is reported with its exit code, and not started again', async t => {
  const { child, started } = keep(t, ['process.exit(2)'])
  const failure = await t.throwsAsync(child.ready, { instanceOf: ChildFailed })
  t.is(failure?.exitCode, 2)
  t.is(started.length, 1)
})

test('a child that exits with 0 before it is ready has failed', async t => {
  const { child } = keep(t, ['process.exit(0)'])
  const failure = await t.throwsAsync(child.ready, { instanceOf: ChildFailed })
  t.is(failure?.exitCode, 1)
})

test('the reason that a child gives for its failure is in the error', async t => {
  const program = `process.send({ type: 'failed', reason: 'port 1 is taken' }, () => process.exit(1))`
  const { child } = keep(t, [program])
  await t.throwsAsync(child.ready, { message: 'worker did not start: port 1 is taken' })
})

test('a child that is not ready and ignores SIGTERM is killed within seconds', async t => {
  const deaf = `process.on('SIGTERM', () => {}); process.send({ type: 'failed', reason: '' });
    setInterval(() => {}, 1000)`
  const { child, started } = keep(t, [deaf], { killAfterMs: () => 60_000 })
  child.ready.catch(() => {})
  while (child.current().lastHeardAt() === child.current().startedAt) await setTimeout(20)
  const begun = performance.now()
  await child.stop()
  t.is(started[0]?.signalCode, 'SIGKILL')
  t.true(performance.now() - begun < 50_000)
})

test('stopping a child sends SIGTERM, waits for the exit, and starts nothing again', async t => {
  const polite = `process.on('SIGTERM', () => setTimeout(() => process.exit(0), 100)); ${working}`
  const { child, started } = keep(t, [polite])
  await child.ready
  await child.stop()
  await child.stop()
  t.is(started[0]?.exitCode, 0)
  t.is(started.length, 1)
})

test('a child that does not exit after SIGTERM is killed', async t => {
  const deaf = `process.on('SIGTERM', () => {}); ${working}`
  const { child, started } = keep(t, [deaf], { killAfterMs: () => 100 })
  await child.ready
  await child.stop()
  t.is(started[0]?.signalCode, 'SIGKILL')
})

test('a replaced process finishes after the new one is ready, and its exit is not a death', async t => {
  let deaths = 0
  // It finishes when it is told to and the test lets it.
  const finishing = `let told = false, let_go = false
    const finish = () => told && let_go && process.exit(7)
    process.on('message', () => { told = true; finish() })
    process.on('SIGUSR2', () => { let_go = true; finish() }); ${working}`
  const { child, started } = keep(t, [finishing, working], { onDeath: () => deaths++ })
  await child.ready
  await child.replace()
  t.deepEqual(started.map(isRunning), [true, true])
  t.is(child.running().length, 2)
  started[0]?.kill('SIGUSR2')
  while (isRunning(started[0])) await setTimeout(20)
  t.is(started[0]?.exitCode, 7)
  t.true(child.current().pid === started[1]?.pid && isRunning(started[1]))
  t.is(deaths, 0)
})

test('stopping a child also stops a replaced process that has not finished', async t => {
  const { child, started } = keep(t, [working])
  await child.ready
  await child.replace()
  await child.stop()
  t.deepEqual(started.map(isRunning), [false, false])
})

test('a stopped child is neither replaced nor restarted', async t => {
  const { child, started } = keep(t, [working])
  await child.ready
  const replaced = child.replace()
  await child.stop()
  await replaced
  await child.replace()
  await child.restart()
  t.deepEqual(started.map(isRunning), [false, false])
})

test('if the new process does not become ready, the old one stays', async t => {
  const { child, started } = keep(t, [working, 'process.exit(1)'])
  await child.ready
  await t.throwsAsync(child.replace(), { instanceOf: ChildFailed })
  t.is(child.current().pid, started[0]?.pid)
  t.true(isRunning(started[0]))
})

test('a restart waits for the exit of the old process before it starts the new one', async t => {
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

test('a restarted process that does not become ready is started again', async t => {
  const { child, started } = keep(t, [working, 'process.exit(1)', working])
  await child.ready
  await t.throwsAsync(child.restart(), { instanceOf: ChildFailed })
  while (started.length < 3) await setTimeout(20)
  t.true(await child.current().ready)
})
