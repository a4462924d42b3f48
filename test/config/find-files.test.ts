import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { checkConfig } from '../../src/config/config.js'
import { findFiles } from '../../src/config/find-files.js'
import { folder } from '../controls.js'

const NOBODY = 65534

/** Run a function as user nobody if the tests run as root, because root can read every file. */
function asAnybody<T>(act: () => T): T {
  if (process.geteuid?.() !== 0) return act()
  process.seteuid?.(NOBODY)
  try {
    return act()
  } finally {
    process.seteuid?.(0)
  }
}

/** Create a working directory with a configuration file, both with these modes. */
function withModes(t: ExecutionContext, modes: { folder: number; file: number }): string {
  const cwd = join(folder(t), 'cwd')
  mkdirSync(cwd)
  writeFileSync(join(cwd, 'mixmatch.conf'), '[DEFAULT]')
  chmodSync(join(cwd, 'mixmatch.conf'), modes.file)
  chmodSync(dirname(cwd), 0o755)
  chmodSync(cwd, modes.folder)
  t.teardown(() => chmodSync(cwd, 0o755))
  return cwd
}

test.serial('a folder without permission is skipped, and named if no file is found', t => {
  const cwd = withModes(t, { folder: 0o000, file: 0o644 })
  const found = asAnybody(() => findFiles([], cwd))
  t.deepEqual(found.problems, [])
  t.deepEqual(found.hidden.slice(0, 2), ['mixmatch.conf', 'etc/mixmatch/mixmatch.conf'])
  t.throws(() => asAnybody(() => checkConfig({ cwd, env: {} })), {
    code: 'CONFIG_NOT_FOUND',
    message: /No permission to look for mixmatch\.conf, etc/,
  })
})

test.serial('a file without read permission is a problem', t => {
  const cwd = withModes(t, { folder: 0o755, file: 0o000 })
  const { problems } = asAnybody(() => findFiles([], cwd))
  t.like(problems[0], { message: 'expected a UTF-8 text file that can be read, found EACCES' })
})

test.serial('a file of --config-file must be readable', t => {
  const cwd = withModes(t, { folder: 0o000, file: 0o644 })
  const { problems } = asAnybody(() => findFiles([{ file: 'mixmatch.conf' }], cwd))
  t.is(problems.length, 1)
})
