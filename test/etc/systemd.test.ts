import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { options } from '../../src/config/options.js'
import { folder } from '../controls.js'

const unit = readFileSync('etc/systemd/mixmatch.service', 'utf8')
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0
const whereSystemdIs = hasSystemd ? test : test.skip

test('systemd waits for longer than the proxy may take to end', t => {
  const [, seconds] = /^TimeoutStopSec=(\d+)$/m.exec(unit) ?? []
  const { gracefulTimeout, drainDelay } = options.DEFAULT
  const longest = Number(gracefulTimeout.default) + Number(drainDelay.default) + 15
  t.true(Number(seconds) >= longest, `${seconds} s for ${longest} s`)
})

test('machine code may be made while running, as V8 does', t => {
  t.notRegex(unit, /^MemoryDenyWriteExecute=(yes|true|1|on)/m)
})

whereSystemdIs('systemd finds no fault with the unit, and it is exposed to little', t => {
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
