import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import { startSubprocess } from '../src/subprocess.js'
import { folder } from './controls.js'

test('the results of a process arrive one by one, and its early end is an error', async t => {
  const path = folder(t)
  const script = join(path, 'half.mjs')
  writeFileSync(
    script,
    `process.once('message', ({ number }) => {
      process.send(number * 2)
      process.send(number * 3, () => process.exit(3))
    })`,
  )
  const subprocess = await startSubprocess<object, number>(pathToFileURL(script).href, {
    number: 7,
  })
  t.is(await subprocess.next(), 14)
  t.is(await subprocess.next(), 21)
  await t.throwsAsync(subprocess.next(), { message: /ended: 3$/ })
})
