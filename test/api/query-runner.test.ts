import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { createQueryRunner } from '../../src/api/query-runner.js'
import { folder } from '../controls.js'

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
function runnerOf(t: ExecutionContext, text: string, timeoutMs = 20_000) {
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
  const runner = createQueryRunner({ settings, logger })
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
    2_000,
  )
  const answered: unknown = await runner.ask('log', {}, 'all')
  t.is(answered, 1)
  await t.throwsAsync(runner.ask('log', { hang: true }, 'all'), {
    code: 'QUERY_ABORTED',
    message: /took more than 2 s/,
  })
  const again: unknown = await runner.ask('log', {}, 'all')
  t.is(again, 1)
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
