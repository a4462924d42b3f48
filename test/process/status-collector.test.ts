import { fork, spawn } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import { renderMetrics } from '../../src/metrics/snapshot.js'
import type { Missing } from '../../src/process/child-messages.js'
import { type CollectorOptions, openStatusCollector } from '../../src/process/status-collector.js'
import {
  type ChildOptions,
  type SupervisedChild,
  superviseChild,
} from '../../src/process/supervised-child.js'
import { samplesOf } from './serving.js'

const logger = pino({ level: 'silent' })
const program = fileURLToPath(new URL('reporting-child.ts', import.meta.url))
/** The missing parts that each child reports. */
const behind: Missing = { part: 'views', reason: '3 events behind' }
const hits = 'mixmatch_token_lookups_total{cache="caller",result="hit"}'

function supervise(
  t: ExecutionContext,
  name: string,
  start: ChildOptions['start'],
  onExit: ChildOptions['onExit'] = () => {},
): SupervisedChild {
  t.timeout(180_000, 'processes start slowly on a busy machine')
  const killAfterMs = () => 0
  const child = superviseChild({ name, start, killAfterMs, onDeath() {}, onExit, logger })
  t.teardown(() => child.stop())
  return child
}

async function startReporting(
  t: ExecutionContext,
  name: string,
  onExit?: ChildOptions['onExit'],
): Promise<SupervisedChild> {
  const start = () => fork(program, { execArgv: ['--import=tsx'] })
  const child = supervise(t, name, start, onExit)
  await child.ready
  return child
}

/** A collector that waits for the answer of a slow process. */
function openPatient(options: Partial<CollectorOptions> & Pick<CollectorOptions, 'children'>) {
  return openStatusCollector({ answerMs: 60_000, hangMs: 120_000, logger, ...options })
}

test('the collected status has the missing parts and the sum of the counters of all processes', async t => {
  const recorder = await startReporting(t, 'recorder')
  const worker = await startReporting(t, 'worker 1')
  using collector = openPatient({ children: { recorder, workers: [worker] } })
  const { metrics, missing } = await collector.collect()
  t.deepEqual(missing, [behind, behind])
  t.is(samplesOf(await renderMetrics(metrics)).get(hits), 2)
})

test('if no worker answers, workers are missing, and their earlier counters are kept', async t => {
  const worker = await startReporting(t, 'worker 1')
  const children = { recorder: null, workers: [worker] }
  using collector = openPatient({ children })
  t.deepEqual((await collector.collect()).missing, [behind])
  worker.current().kill('SIGUSR2')
  using impatient = openStatusCollector({ children, answerMs: 200, logger })
  let status = await impatient.collect()
  while (status.missing[0]?.part === 'views') status = await impatient.collect()
  const { metrics, missing } = status
  t.deepEqual(missing, [{ part: 'workers', reason: 'none answers' }])
  t.is(samplesOf(await renderMetrics(metrics)).get(hits), 1)
})

test('a process that answered and then hangs is killed and started again', async t => {
  const worker = await startReporting(t, 'worker 1')
  const hanging = worker.current()
  const children = { recorder: null, workers: [worker] }
  using collector = openPatient({ children })
  await collector.collect()
  t.true(hanging.lastStatus() !== null)
  hanging.kill('SIGUSR2')
  using _impatient = openStatusCollector({
    children,
    everyMs: 100,
    answerMs: 50,
    hangMs: 500,
    logger,
  })
  const { signal } = await hanging.exited
  t.is(signal, 'SIGKILL')
  while (worker.current() === hanging) await setTimeout(20)
  t.true(await worker.current().ready)
})

/** Never answers. */
function startDeaf(isReady: boolean) {
  const ready = isReady ? `process.send({ type: 'ready' });` : ''
  const script = `${ready} setInterval(() => {}, 1000)`
  return spawn(process.execPath, ['-e', script], { stdio: ['ignore', 2, 2, 'ipc'] })
}

test('a process that hangs after it was ready and before its first answer is killed', async t => {
  const child = supervise(t, 'recorder', () => startDeaf(true))
  await child.ready
  const hanging = child.current()
  const children = { recorder: child, workers: [] }
  using _collector = openStatusCollector({
    children,
    everyMs: 50,
    answerMs: 50,
    hangMs: 100,
    logger,
  })
  t.is((await hanging.exited).signal, 'SIGKILL')
})

test('a process that is not ready may be silent for longer than a ready one before it is killed', async t => {
  const child = supervise(t, 'recorder', () => startDeaf(false))
  const failed = child.ready.catch(error => error)
  const starting = child.current()
  const children = { recorder: child, workers: [] }
  using collector = openStatusCollector({
    children,
    everyMs: 50,
    answerMs: 50,
    hangMs: 100,
    startHangMs: 1_500,
    logger,
  })
  const { missing } = await collector.collect()
  t.deepEqual(missing[0], { part: 'recorder', reason: 'it does not answer' })
  t.is((await starting.exited).signal, 'SIGKILL')
  t.true(performance.now() - starting.startedAt >= 1_500)
  t.is((await failed).message, 'recorder did not start: it was killed by SIGKILL')
})

test('the counters of exited processes stay in the sum', async t => {
  const exits: ((value: undefined) => void)[] = []
  const exited = new Promise(resolve => exits.push(resolve))
  const worker = await startReporting(t, 'worker 1', gone => {
    collector.carryOver(gone)
    exits[0]?.(undefined)
  })
  using collector = openPatient({ children: { recorder: null, workers: [worker] } })
  await collector.collect()
  worker.current().kill('SIGKILL')
  await exited
  const { metrics } = await collector.collect()
  t.is(samplesOf(await renderMetrics(metrics)).get(hits), 1)
})

test('metrics that cannot be summed up are logged, and the collector goes on', async t => {
  const lines: string[] = []
  const noisy = pino({}, { write: line => lines.push(line) })
  const recorder = await startReporting(t, 'recorder')
  using collector = openPatient({ children: { recorder, workers: [] }, logger: noisy })
  await collector.collect()
  const [metric] = recorder.current().lastStatus()?.metrics ?? []
  t.truthy(metric)
  const broken = [{ ...metric, type: 'counter', aggregator: 'sum', values: null }]
  const unsummable = JSON.parse(JSON.stringify({ metrics: broken, missing: [] }))
  collector.carryOver({ ...recorder.current(), lastStatus: () => unsummable })
  const { metrics } = await collector.collect()
  t.is(samplesOf(await renderMetrics(metrics)).get(hits), 1)
  t.true(lines.some(line => line.includes('counters of an exited process are lost')))
})
