import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { createQueryRunner } from '../../src/api/query-runner.js'
import { folder } from '../controls.js'
import { until } from '../until.js'

const settings = () => ({
  logFile: '/nowhere/events.db',
  accessLog: null,
  anchors: null,
  clouds: [],
  searchByBroadcast: false,
  aggregation: false,
  extendsNetworks: false,
})
const logger = { error: () => {}, debug: () => {} }

/** A query runner whose process is this script. */
function runnerOf(t: ExecutionContext, text: string, timeoutMs = 120_000) {
  const script = join(folder(t), 'process.mjs')
  writeFileSync(script, text)
  const runner = createQueryRunner({
    settings,
    logger,
    timeoutMs,
    script: pathToFileURL(script).href,
  })
  t.teardown(() => runner[Symbol.dispose]())
  return runner
}

test('an error of a query keeps its code and message on its way from the reading process', async t => {
  const runner = createQueryRunner({ settings, logger, timeoutMs: 120_000 })
  t.teardown(() => runner[Symbol.dispose]())
  await t.throwsAsync(runner.ask('log', {}, 'all'), {
    code: 'LOG_NOT_FOUND',
    message: /^\/nowhere\/events.db/,
  })
})

test('a query that takes too long fails, and a new process answers the next one', async t => {
  const runner = runnerOf(
    t,
    `let asked = 0
     process.on('message', ({ id, parameters }) => {
       if (parameters.hang) for (;;) {}
       asked += 1
       process.send({ id, answer: JSON.stringify(asked) })
     })`,
    5_000,
  )
  // The time for a query has to do for the start of its process, too. That takes longer on a busy machine.
  let answered: unknown
  const answers = async () => {
    answered = await runner.ask('log', {}, 'all').catch(() => null)
    return answered !== null
  }
  await until('a process answers', answers)
  t.is(answered, 1)
  await t.throwsAsync(runner.ask('log', { hang: true }, 'all'), {
    code: 'QUERY_ABORTED',
    message: /took more than 5 s/,
  })
  await until('a new process answers', answers)
  t.is(answered, 1)
})

test('queries fail if the reading process dies', async t => {
  const runner = runnerOf(t, `process.on('message', () => process.exit(3))`)
  await t.throwsAsync(runner.ask('log', {}, 'all'), {
    code: 'QUERY_ABORTED',
    message: /exited with 3/,
  })
})

test('more than a hundred waiting queries are refused', async t => {
  const runner = runnerOf(t, `process.on('message', () => {})`)
  const waiting = Array.from({ length: 100 }, () => runner.ask('log', {}, 'all'))
  const gone = Promise.allSettled(waiting)
  await t.throwsAsync(runner.ask('log', {}, 'all'), { code: 'OVERLOADED' })
  runner[Symbol.dispose]()
  t.true((await gone).every(({ status }) => status === 'rejected'))
})
