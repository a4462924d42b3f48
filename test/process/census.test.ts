import { fork, spawn } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import { renderReports } from '../../src/metrics/report.js'
import { openCensus } from '../../src/process/census.js'
import { type Child, keepRunning } from '../../src/process/children.js'
import type { Missing } from '../../src/process/reports.js'
import { READY } from '../../src/process/run.js'
import { samplesOf } from './serving.js'

const logger = pino({ level: 'silent' })
const program = fileURLToPath(new URL('reporting-child.ts', import.meta.url))
/** What each of them lacks. */
const behind: Missing = { part: 'views', reason: '3 events behind' }
const hits = 'mixmatch_token_lookups_total{cache="caller",result="hit"}'

async function startChild(t: ExecutionContext, name: string): Promise<Child> {
  const child = keepRunning({
    name,
    start: () => fork(program, { execArgv: ['--import=tsx'] }),
    patienceMs: () => 0,
    onDeath: () => {},
    logger,
  })
  t.teardown(() => child.stop())
  await child.ready
  return child
}

test('processes tell what they lack, and what they have counted', async t => {
  const recorder = await startChild(t, 'recorder')
  const worker = await startChild(t, 'worker 1')
  using census = openCensus({ fleet: { recorder, workers: [worker] }, logger })
  const { metrics, missing } = await census.take()
  t.deepEqual(missing, [behind, behind])
  t.is(samplesOf(await renderReports(metrics)).get(hits), 2)
})

test('where no worker answers, workers are missing; what was heard of them before still counts', async t => {
  const worker = await startChild(t, 'worker 1')
  const fleet = { recorder: null, workers: [worker] }
  using census = openCensus({ fleet, answerMs: 200, logger })
  t.deepEqual((await census.take()).missing, [behind])
  worker.current().send('hang')
  const { metrics, missing } = await census.take()
  t.deepEqual(missing, [{ part: 'workers', reason: 'none answers' }])
  t.is(samplesOf(await renderReports(metrics)).get(hits), 1)
})

test('a process that hangs is killed and started again', async t => {
  const worker = await startChild(t, 'worker 1')
  const hanging = worker.current()
  const fleet = { recorder: null, workers: [worker] }
  using _census = openCensus({ fleet, everyMs: 100, answerMs: 100, patienceMs: 1500, logger })
  await setTimeout(2_000)
  t.is(hanging.signalCode, null)
  hanging.send('hang')
  while (worker.current() === hanging) await setTimeout(50)
  t.is(hanging.signalCode, 'SIGKILL')
})

test('a process that has not answered yet is only just starting, and is left alone', async t => {
  const busy = `process.send('${READY}'); setInterval(() => {}, 1000)`
  const child = keepRunning({
    name: 'recorder',
    start: () => spawn(process.execPath, ['-e', busy], { stdio: ['ignore', 2, 2, 'ipc'] }),
    patienceMs: () => 0,
    onDeath: () => {},
    logger,
  })
  t.teardown(() => child.stop())
  await child.ready
  const fleet = { recorder: child, workers: [] }
  using census = openCensus({ fleet, everyMs: 50, answerMs: 50, patienceMs: 100, logger })
  await setTimeout(500)
  t.is(child.current().signalCode, null)
  t.deepEqual((await census.take()).missing[0], { part: 'recorder', reason: 'it does not answer' })
})
