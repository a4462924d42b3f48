import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'ava'
import { options } from '../../src/config/options.js'

const rules = readFileSync('etc/logrotate.d/mixmatch', 'utf8')
const unit = readFileSync('etc/systemd/mixmatch.service', 'utf8')

test('logrotate rotates the folder that the unit makes and the sample proposes for log_file', t => {
  const folder = dirname(options.DEFAULT.logFile.traits.example ?? '')
  t.true(rules.includes(`${folder}/*.log {`))
  const [, name] = /^LogsDirectory=(\S+)$/m.exec(unit) ?? []
  t.is(folder, `/var/log/${name}`)
})

test('logrotate sends SIGHUP to the supervisor alone', t => {
  t.regex(rules, /postrotate\n\s+systemctl kill --kill-whom=main --signal=HUP mixmatch\.service /)
})
