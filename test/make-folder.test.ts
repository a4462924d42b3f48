import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { makeFolder } from '../src/make-folder.js'
import { folder } from './controls.js'

test('a folder is made with those above it, and one that is there is left alone', t => {
  const deep = join(folder(t), 'a', 'b', 'c')
  makeFolder(deep)
  makeFolder(deep)
  t.true(existsSync(deep))
})

test('a folder below a file is refused', t => {
  const file = join(folder(t), 'file')
  writeFileSync(file, '')
  t.throws(() => makeFolder(join(file, 'a')), {
    code: 'FILE_NOT_WRITABLE',
    message: `${file}: expected a folder, found a file.`,
  })
})

test('a folder where the file system makes none is refused, and not tried for ever', t => {
  t.throws(() => makeFolder('/proc/nothing/here'))
})
