import test from 'ava'
import { createAfterwards } from '../../sandbox/background-jobs.js'

test('work begins at once and goes on after its moment', async t => {
  const steps: string[] = []
  const { run, close } = createAfterwards(10, error => t.fail(String(error)))
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

test('what waits for its moment when all is closed never goes on, and that is no fault', async t => {
  let wentOn = false
  const { run, close } = createAfterwards(10, error => t.fail(String(error)))
  run(async moment => {
    await moment()
    wentOn = true
  })
  close()
  await new Promise(resolve => setTimeout(resolve, 50))
  t.false(wentOn)
})

test('work that breaks is reported', async t => {
  const broken = new Error('broken')
  const reported = new Promise(resolve => {
    createAfterwards(0, resolve).run(async () => {
      throw broken
    })
  })
  t.is(await reported, broken)
})
