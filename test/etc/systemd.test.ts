import { readFileSync } from 'node:fs'
import test from 'ava'
import { options } from '../../src/config/options.js'

const unit = readFileSync('etc/systemd/mixmatch.service', 'utf8')

test('systemd waits longer than the proxy may take to stop', t => {
  const [, seconds] = /^TimeoutStopSec=(\d+)$/m.exec(unit) ?? []
  const { gracefulTimeout, drainDelay } = options.DEFAULT
  const longest = Number(gracefulTimeout.default) + Number(drainDelay.default) + 15
  t.true(Number(seconds) >= longest, `${seconds} s for ${longest} s`)
})

test('the unit lets no process write a core, which has tokens and passwords', t => {
  t.regex(unit, /^LimitCORE=0$/m)
})

test('the unit allows V8 to create machine code at run time', t => {
  t.notRegex(unit, /^MemoryDenyWriteExecute=(yes|true|1|on)/m)
})
