import { spawnSync } from 'node:child_process'
import test from 'ava'
import { completionOf } from '../../src/cli/shell-completion.js'
import { mixmatch } from '../commands/run-command.js'
import { wholeProgram } from './whole-program.js'

/** The proposals of bash while the last of these words is typed. */
async function proposed(...words: string[]): Promise<readonly string[]> {
  const script = `${completionOf(await wholeProgram(), 'bash')}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _mixmatch; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script, 'bash', ...words], {
    encoding: 'utf8',
  })
  if (status !== 0 || stderr !== '') throw new Error(stderr)
  return stdout.split('\n').filter(each => each !== '')
}

test('bash completes commands, subcommands and options', async t => {
  t.deepEqual(await proposed('mixmatch', 're'), ['record', 'reconcile', 'replay'])
  t.deepEqual(await proposed('mixmatch', 'log', 'ex'), ['export'])
  t.deepEqual(await proposed('mixmatch', 'locate', '--h'), ['--history', '--help'])
  t.deepEqual(await proposed('mixmatch', '--conf'), ['--config-file', '--config-dir'])
})

test('bash completes the values of options and arguments', async t => {
  t.deepEqual(await proposed('mixmatch', 'log', 'tail', '--format', ''), [
    'table',
    'json',
    'csv',
    'value',
  ])
  t.deepEqual(await proposed('mixmatch', 'audit', 'summary', '-f', 'h'), ['html'])
  t.deepEqual(await proposed('mixmatch', 'completion', ''), ['bash', 'zsh'])
})

test('bash completes files where a file is expected', async t => {
  t.deepEqual(await proposed('mixmatch', 'log', 'info', '--log', ''), [])
  t.deepEqual(await proposed('mixmatch', 'log', 'import', ''), [])
})

test('bash completes subcommands after global options', async t => {
  const words = ['mixmatch', '--config-file', 'a.conf', 'config', 'sh']
  t.deepEqual(await proposed(...words), ['show'])
})

test('bash does not propose hidden options', async t => {
  t.deepEqual(await proposed('mixmatch', 'record', '--super'), [])
})

for (const shell of ['bash', 'zsh']) {
  test(`mixmatch completion ${shell} prints a script that knows every command`, async t => {
    const { code, out } = await mixmatch('/', 'completion', shell)
    t.is(code, 0)
    for (const each of (await wholeProgram()).commands)
      t.true(out.includes(`'mixmatch ${each.name()}'`))
  })
}

test('mixmatch completion rejects other shells', async t => {
  t.is((await mixmatch('/', 'completion', 'tcsh')).code, 2)
})
