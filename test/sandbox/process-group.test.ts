import { once } from 'node:events'
import test from 'ava'
import { hasEnded, startGroup } from '../../sandbox/process-group.js'

test('ending a process group ends the process and its children', async t => {
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

test('a child that listens on its channel ends as well', async t => {
  const listens = "process.once('disconnect', () => {}).once('SIGTERM', () => {})"
  const group = startGroup(process.execPath, ['-e', `${listens}; process.send('begun')`], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  await once(group.leader, 'message')
  await group.end()
  t.is(group.leader.exitCode, 0)
})

test('a program that does not exist counts as ended', async t => {
  const group = startGroup('/nowhere/rabbitmq-server', [], { stdio: 'ignore' })
  await once(group.leader, 'error')
  t.true(hasEnded(group.leader))
  await t.notThrowsAsync(group.end())
})

test('a process group may be ended twice', async t => {
  const group = startGroup(process.execPath, ['-e', ''], { stdio: 'ignore' })
  await once(group.leader, 'exit')
  await group.end()
  await t.notThrowsAsync(group.end())
  t.is(group.leader.exitCode, 0)
})
