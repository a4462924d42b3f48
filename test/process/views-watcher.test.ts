import test from 'ava'
import { watchViews } from '../../src/process/views-watcher.js'
import { until } from '../until.js'

test('events that wait for the deferred views are applied without a new event', async t => {
  let isWaiting = true
  const views = { problem: () => null, isWaiting: () => isWaiting }
  const update = () => {
    isWaiting = false
  }
  using _watcher = watchViews(views, update, t.fail)
  await until('the views are updated', () => !isWaiting)
  t.pass()
})
