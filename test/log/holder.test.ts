import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import test from 'ava'
import { holdLog } from '../../src/log/holder.js'
import { folder } from '../controls.js'

test('only one process can hold a log, and the error for a second one names the first', t => {
  const file = join(folder(t), 'events.db')
  {
    using _held = holdLog(file, 'serve')
    t.throws(() => holdLog(file, 'record'), {
      code: 'LOG_HELD',
      message: new RegExp(`"mixmatch serve", process ${process.pid} on .+, since 20`),
    })
  }
  t.notThrows(() => holdLog(file, 'record')[Symbol.dispose]())
})

test('a log is free again after its holder is killed', async t => {
  const file = join(folder(t), 'events.db')
  const module = new URL('../../src/log/holder.ts', import.meta.url).href
  const program = `const { holdLog } = await import(${JSON.stringify(module)})
    holdLog(${JSON.stringify(file)}, 'serve'); console.log('held'); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--import=tsx', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  t.throws(() => holdLog(file, 'record'), {
    code: 'LOG_HELD',
    message: new RegExp(`process ${child.pid} `),
  })
  child.kill('SIGKILL')
  await once(child, 'exit')
  t.notThrows(() => holdLog(file, 'record')[Symbol.dispose]())
})
