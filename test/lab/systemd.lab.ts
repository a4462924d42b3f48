import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { folder } from '../controls.js'

const unit = readFileSync('etc/systemd/mixmatch.service', 'utf8')

test('systemd-analyze accepts the unit and rates its exposure as low', t => {
  const file = join(folder(t), 'mixmatch.service')
  writeFileSync(file, unit.replace(/^ExecStart=mixmatch/m, 'ExecStart=/bin/true'))
  const verify = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' })
  t.is(verify.status, 0, verify.stderr)
  t.false(verify.stderr.includes(file), verify.stderr)
  // The threshold is ten times the exposure level, which goes from 0 to 10.
  const args = ['security', '--offline=true', '--threshold=20', file]
  const security = spawnSync('systemd-analyze', args, { encoding: 'utf8' })
  t.is(security.status, 0, security.stdout)
})
