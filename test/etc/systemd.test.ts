import { readFileSync } from 'node:fs'
import test from 'ava'
import { options } from '../../src/config/options.js'

const unit = readFileSync('etc/systemd/mixmatch.service', 'utf8')

test('systemd waits for longer than the proxy may take to end', t => {
  const [, seconds] = /^TimeoutStopSec=(\d+)$/m.exec(unit) ?? []
  const { gracefulTimeout, drainDelay } = options.DEFAULT
  const longest = Number(gracefulTimeout.default) + Number(drainDelay.default) + 15
  t.true(Number(seconds) >= longest, `${seconds} s for ${longest} s`)
})

test('machine code may be made while running, as V8 does', t => {
  t.notRegex(unit, /^MemoryDenyWriteExecute=(yes|true|1|on)/m)
})
