import test from 'ava'
import { createBackgroundJobs } from '../../sandbox/background-jobs.js'

test('a background job starts at once and continues after its delay', async t => {
  const steps: string[] = []
  const { run, close } = createBackgroundJobs(10, error => t.fail(String(error)))
  t.teardown(close)
  await new Promise<void>(resolve =>
    run(async moment => {
      steps.push('begun')
      await moment()
      steps.push('done')
      resolve()
    }),
  )
  t.deepEqual(steps, ['begun', 'done'])
})

test('closing cancels waiting background jobs, and reports no error', async t => {
  let wentOn = false
  const { run, close } = createBackgroundJobs(10, error => t.fail(String(error)))
  run(async moment => {
    await moment()
    wentOn = true
  })
  close()
  await new Promise(resolve => setTimeout(resolve, 50))
  t.false(wentOn)
})

test('a background job that throws is reported', async t => {
  const broken = new Error('broken')
  const reported = new Promise(resolve => {
    createBackgroundJobs(0, resolve).run(async () => {
      throw broken
    })
  })
  t.is(await reported, broken)
})
