import { readFileSync } from 'node:fs'
import test from 'ava'
import { version } from '../src/version.js'
import { mixmatch } from './commands/run-command.js'

test('the version is that of package.json, and --version prints it', async t => {
  t.is(version, JSON.parse(readFileSync('package.json', 'utf8')).version)
  for (const flag of ['--version', '-V']) {
    t.deepEqual(await mixmatch('/', flag), {
      code: 0,
      out: `mixmatch ${version} (Node ${process.versions.node})\n`,
      err: '',
    })
  }
})
