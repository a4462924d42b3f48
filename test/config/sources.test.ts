import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { checkConfig } from '../../src/config/config.js'
import { formatIssue } from '../../src/config/config-issue.js'
import { least, place } from './configurations.js'

test('several files are merged in their order, and the last value of an option is used', t => {
  const { cwd, env } = place(t, {
    'a.conf': `${least}[ops]\nport = 1\nhost = ::1\n`,
    'b.conf': '[ops]\nport = 2\n',
  })
  const portOf = (...names: string[]) =>
    checkConfig({ cwd, env, sources: names.map(file => ({ file })) }).config?.ops
  t.like(portOf('a.conf', 'b.conf'), { port: 2, host: '::1' })
  t.like(portOf('b.conf', 'a.conf'), { port: 1, host: '::1' })
})

test('--config-dir reads *.conf in the order of their names, at the position of the option', t => {
  const { cwd, env } = place(t, {
    'main.conf': `${least}[ops]\nport = 1\n`,
    'conf.d/20.conf': '[ops]\nport = 20\n',
    'conf.d/10.conf': '[ops]\nport = 10\nhost = ::1\n',
    'conf.d/30.conf.rpmsave': 'nonsense',
  })
  const file = { file: 'main.conf' }
  const dir = { dir: 'conf.d' }
  const after = checkConfig({ cwd, env, sources: [file, dir] })
  t.deepEqual(after.files, ['main.conf', 'conf.d/10.conf', 'conf.d/20.conf'])
  t.like(after.config?.ops, { port: 20, host: '::1' })
  t.is(checkConfig({ cwd, env, sources: [dir, file] }).config?.ops.port, 1)
})

test('with --config-dir alone, the usual configuration files are read first', t => {
  const { cwd, env } = place(t, { 'mixmatch.conf': least, 'conf.d/10.conf': '[ops]\nport = 10\n' })
  const { config, files } = checkConfig({ cwd, env, sources: [{ dir: 'conf.d' }] })
  t.is(files[0], 'mixmatch.conf')
  t.is(config?.ops.port, 10)
})

test('a missing --config-dir is CONFIG_NOT_FOUND', t => {
  const { cwd, env } = place(t, { 'mixmatch.conf': least })
  t.throws(() => checkConfig({ cwd, env, sources: [{ dir: 'conf.d' }] }), {
    code: 'CONFIG_NOT_FOUND',
    message: 'conf.d: there is no such configuration folder.',
  })
})

test('an unreadable file ends the search with one message', t => {
  const { cwd, env } = place(t, { 'b.conf': '[ops]\nport = x\nprot = 1\n' })
  mkdirSync(join(cwd, 'a.conf'))
  const sources = [{ file: 'a.conf' }, { file: 'b.conf' }]
  const { config, problems, warnings } = checkConfig({ cwd, env, sources })
  t.is(config, null)
  t.deepEqual(problems.map(formatIssue), [
    'a.conf: expected a UTF-8 text file that can be read, found EISDIR',
  ])
  t.deepEqual(warnings, [])
})
