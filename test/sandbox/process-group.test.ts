import { once } from 'node:events'
import test from 'ava'
import { hasEnded, startGroup } from '../../sandbox/process-group.js'

test('a process that is asked to end ends, and whom it started with it', async t => {
  const sleeper = "require('child_process').spawn('sleep', ['60'], { stdio: 'inherit' })"
  const group = startGroup(
    process.execPath,
    ['-e', `${sleeper}; console.log('begun'); setInterval(() => {}, 1000)`],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  const output = group.leader.stdout ?? t.fail()
  await once(output, 'data')
  const nobodyWrites = once(output, 'close')
  await group.end()
  t.is(group.leader.signalCode, 'SIGTERM')
  t.true(hasEnded(group.leader))
  await t.notThrowsAsync(nobodyWrites)
})

test('a process that listens for its parent’s end does not wait for it', async t => {
  const listens = "process.once('disconnect', () => {}).once('SIGTERM', () => {})"
  const group = startGroup(process.execPath, ['-e', `${listens}; process.send('begun')`], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  await once(group.leader, 'message')
  await group.end()
  t.is(group.leader.exitCode, 0)
})

test('a program that is not there has ended', async t => {
  const group = startGroup('/nowhere/rabbitmq-server', [], { stdio: 'ignore' })
  await once(group.leader, 'error')
  t.true(hasEnded(group.leader))
  await t.notThrowsAsync(group.end())
})

test('ending twice is ending once', async t => {
  const group = startGroup(process.execPath, ['-e', ''], { stdio: 'ignore' })
  await once(group.leader, 'exit')
  await group.end()
  await t.notThrowsAsync(group.end())
  t.is(group.leader.exitCode, 0)
})
