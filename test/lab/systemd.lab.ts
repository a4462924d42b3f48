import { spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { folder } from '../controls.js'

const units = ['mixmatch.service', 'mixmatch-anchor.service']

for (const name of units) {
  test(`systemd-analyze accepts ${name} and rates its exposure as low`, t => {
    const unit = readFileSync(`etc/systemd/${name}`, 'utf8')
    const file = join(folder(t), name)
    writeFileSync(file, unit.replace(/^ExecStart=mixmatch/m, 'ExecStart=/bin/true'))
    const verify = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' })
    t.is(verify.status, 0, verify.stderr)
    t.false(verify.stderr.includes(file), verify.stderr)
    // The threshold is ten times the exposure level, which goes from 0 to 10.
    const args = ['security', '--offline=true', '--threshold=20', file]
    const security = spawnSync('systemd-analyze', args, { encoding: 'utf8' })
    t.is(security.status, 0, security.stdout)
  })
}

test('systemd-analyze accepts the timer of the anchors', t => {
  const path = folder(t)
  const timer = join(path, 'mixmatch-anchor.timer')
  copyFileSync('etc/systemd/mixmatch-anchor.timer', timer)
  const service = '[Service]\nExecStart=/bin/true\n'
  writeFileSync(join(path, 'mixmatch-anchor.service'), service)
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', timer], {
    encoding: 'utf8',
  })
  t.is(status, 0, stderr)
})
