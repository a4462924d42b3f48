import test from 'ava'
import { checkConfig } from '../../src/config/config.js'
import { renderOptions, showOptions } from '../../src/config/shown-options.js'
import { federated, least, place } from './configurations.js'

const show = (checked: Parameters<typeof showOptions>[0]) => renderOptions(showOptions(checked))

test('config show prints the effective values, and marks defaults', t => {
  const where = place(
    t,
    { 'mixmatch.conf': least.replace('[sp_', 'port = "7"\nlog-file = /log/$port\n[sp_') },
    { OS_DEFAULT__HOST: '::1' },
  )
  const shown = show(checkConfig(where))
  t.true(shown.startsWith('[DEFAULT]\nservice_providers = default\nhost = ::1\nport = 7\n'))
  t.regex(shown, /^log_file = \/log\/7$/m)
  t.regex(shown, /^# default: workers = 1$/m)
  t.regex(shown, /^# default: queue_name is mixmatch.<name>.notifications$/m)
})

test('config show names the source of each option', t => {
  const where = place(t, { 'mixmatch.conf': least }, { OS_DEFAULT__HOST: '::1' })
  const shown = showOptions(checkConfig(where))
  const of = (name: string) => shown.find(({ option }) => option === name)
  t.like(of('service_providers'), { default: false, source: 'mixmatch.conf:3' })
  t.like(of('host'), { default: false, source: '$OS_DEFAULT__HOST' })
  t.like(of('port'), { default: true, source: null, value: '5001' })
})

test('config show masks secrets, also in options that refer to them', t => {
  const text = `${federated.replace('rabbit://rabbit/', 'rabbit://u:hunter2@a,v:hunter3@b/x?ssl=1')}
[auth]
password = hunter4
project_name = $password
`
  const where = place(t, { 'mixmatch.conf': text }, { OS_SP_SP1__PASSWORD: 'hunter5' })
  for (const shown of [show(checkConfig(where)), JSON.stringify(showOptions(checkConfig(where)))]) {
    t.notRegex(shown, /hunter/)
    t.regex(shown, /amqps:\/\/u:\*\*\*@a:5672,v:\*\*\*@b:5672\/x/)
  }
  t.regex(show(checkConfig(where)), /^project_name = \*\*\*$/m)
})

test('the output of config show can be read back', t => {
  const lines = `log_file = "  a $$b "
notification_exchanges =
  "a",
  b
public_endpoint =`
  const read = (text: string) => checkConfig(place(t, { 'mixmatch.conf': text }))
  const first = read(least.replace('[sp_', () => `${lines}\n[sp_`))
  const again = read(show(first))
  t.regex(first.config?.logging.file ?? '', /\/ {2}a \$b $/)
  t.regex(again.config?.logging.file ?? '', /\/ {2}a \$b $/)
  t.deepEqual(again.config?.notification, first.config?.notification)
  t.deepEqual(again.config?.server, first.config?.server)
})
