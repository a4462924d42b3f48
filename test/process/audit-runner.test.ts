import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createAuditRunner } from '../../src/process/audit-runner.js'
import { folder } from '../controls.js'

/** A runner whose program is this script. */
function runnerOf(t: ExecutionContext, script: string, limits = {}) {
  const file = join(folder(t), 'program.mjs')
  writeFileSync(file, script)
  const run = createAuditRunner(file, () => 'events.db', limits)
  return () => run('summary', new AbortController().signal)
}

test('a report that found something is shown, although it exits with 1', async t => {
  const run = runnerOf(t, "process.stdout.write('<p>found</p>'); process.exitCode = 1")
  t.is(await run(), '<p>found</p>')
})

test('a report that is longer than the limit is refused as a whole, not cut', async t => {
  const run = runnerOf(t, "process.stdout.write('x'.repeat(10_000))", { mostBytes: 5_000 })
  await t.throwsAsync(run(), {
    code: 'QUERY_ABORTED',
    message: /too long.*mixmatch audit summary --format html/,
  })
})

test('a report that takes longer than the limit is refused, although it printed a part', async t => {
  const script = "process.stdout.write('<p>'); setInterval(() => {}, 1000)"
  const run = runnerOf(t, script, { timeoutMs: 1_500 })
  await t.throwsAsync(run(), { code: 'QUERY_ABORTED', message: /it took too long/ })
})

test('a report that fails says why, in its own last words', async t => {
  const run = runnerOf(t, "console.error('a\\nthe log is damaged'); process.exitCode = 1")
  await t.throwsAsync(run(), { code: 'QUERY_ABORTED', message: /No report: the log is damaged/ })
})

test('a second report is refused while one is made, and made afterwards', async t => {
  const run = runnerOf(t, "process.stdout.write('<p>made</p>')")
  const first = run()
  await t.throwsAsync(run(), { code: 'OVERLOADED' })
  t.is(await first, '<p>made</p>')
  t.is(await run(), '<p>made</p>')
})
