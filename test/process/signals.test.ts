import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import test from 'ava'

test('a process that writes to its dead supervisor stops in order, and does not crash', async t => {
  const child = fork(fileURLToPath(new URL('orphaned-child.ts', import.meta.url)))
  t.teardown(() => child.kill('SIGKILL'))
  await once(child, 'message')
  child.send('write', () => child.disconnect())
  t.deepEqual(await once(child, 'exit'), [0, null])
})
