import test from 'ava'
import { checkConfig } from '../../src/config/config.js'
import { compareSettings, pinRestartOptions } from '../../src/config/config-changes.js'

const clouds = {
  OS_DEFAULT__SERVICE_PROVIDERS: 'default, sp1',
  OS_SP_DEFAULT__IMAGE_ENDPOINT: 'http://glance:9292',
  OS_SP_DEFAULT__VOLUME_ENDPOINT: 'http://cinder:8776',
  OS_SP_SP1__AUTH_URL: 'http://sp1:5000/v3',
}
const read = (more: Record<string, string> = {}) =>
  checkConfig({ cwd: '/nowhere', env: { ...clouds, ...more } })

test('a change of a secret option shows neither value', t => {
  const bus = (password: string) => ({
    OS_SP_SP1__MESSAGEBUS: `rabbit://mixmatch:${password}@rabbit:5672/`,
  })
  const changes = compareSettings(read(bus('old')), read(bus('new')))
  t.like(changes, [{ group: 'sp_sp1', option: 'messagebus', before: '***', after: '***' }])
  t.is(changes.length, 1)
})

test('a removed cloud is a change of each of its options', t => {
  const without = read({ OS_DEFAULT__SERVICE_PROVIDERS: 'default', OS_SP_SP1__AUTH_URL: '' })
  const changes = compareSettings(read(), without)
  t.deepEqual(
    changes.map(({ group, option }) => `${group} ${option}`),
    ['DEFAULT service_providers', 'sp_sp1 auth_url'],
  )
})

test('two equal configurations have no changes', t => {
  t.deepEqual(compareSettings(read(), read()), [])
})

test('options that need a restart keep their value in child processes, also when they are not set', t => {
  const before = read({ OS_DEFAULT__PORT: '5002', OS_DATABASE__CONNECTION: 'sqlite:////var/a.db' })
  const edited = { OS_DEFAULT__PORT: '1', OS_DEFAULT__LOG_FILE: '/var/log/new', OS_OPS__PORT: '2' }
  const after = read({ ...edited, ...pinRestartOptions(before.settings) })
  t.deepEqual(after.config?.server.port, 5002)
  t.deepEqual(after.config?.database, before.config?.database)
  t.deepEqual(after.config?.logging, before.config?.logging)
  t.deepEqual(after.config?.ops, before.config?.ops)
})
