import { readFileSync } from 'node:fs'
import test from 'ava'

// better-sqlite3 contains its binaries and a binding.gyp, with "gypfile": false in its package.json. npm 10
// reads that field only from the lock file, but does not write it there. Without it, `npm install` runs
// node-gyp, and fails on a machine without a compiler.
test('the lock file keeps npm from compiling better-sqlite3', t => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  t.is(packages['node_modules/better-sqlite3'].gypfile, false)
})

test('the lock file names no registry', t => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  t.deepEqual(
    Object.keys(packages).filter(path => 'resolved' in packages[path]),
    [],
  )
})
