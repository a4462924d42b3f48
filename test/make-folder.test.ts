import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { makeFolder } from '../src/make-folder.js'
import { folder } from './controls.js'

test('a folder is made with its parents, and an existing one is left unchanged', t => {
  const deep = join(folder(t), 'a', 'b', 'c')
  makeFolder(deep)
  makeFolder(deep)
  t.true(existsSync(deep))
})

test('a folder below a file is rejected', t => {
  const file = join(folder(t), 'file')
  writeFileSync(file, '')
  t.throws(() => makeFolder(join(file, 'a')), {
    code: 'FILE_NOT_WRITABLE',
    message: `${file}: expected a folder, found a file.`,
  })
})

test('a folder in a file system that allows none gives an error and does not hang', t => {
  t.throws(() => makeFolder('/proc/nothing/here'))
})
