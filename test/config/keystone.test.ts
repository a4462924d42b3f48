import test from 'ava'
import { check, federated, least } from './configurations.js'

const KEYSTONE = `
[keystone]
auth_url = http://keystone:5000/v3
username = mixmatch
password = hunter2
`

test('[keystone] is the earlier name of [auth], read with a warning', t => {
  const { config, problems, warnings } = check(t, least + KEYSTONE)
  t.deepEqual(problems, [])
  t.like(config?.auth, {
    authUrl: 'http://keystone:5000/v3',
    credentials: { username: 'mixmatch' },
  })
  t.is(config?.clouds[0]?.authUrl, 'http://keystone:5000/v3')
  t.deepEqual(warnings, [
    'mixmatch.conf:9 [keystone]: is the earlier name of [auth], and read as that: rename it',
  ])
})

test('each option of [auth] overrides that of [keystone]', t => {
  const both = `${least}${KEYSTONE}[auth]\nusername = other\n`
  const { config, warnings } = check(t, both)
  t.like(config?.auth, { authUrl: 'http://keystone:5000/v3', credentials: { username: 'other' } })
  t.true(
    warnings.includes(
      'mixmatch.conf:11 [keystone] username: has no effect: [auth] username is given, which is the same',
    ),
  )
})

test('mistakes in [keystone] are reported without its secrets', t => {
  const text = `${least}[keystone]\nusrname = x\nauth_url = keystone\npassword =\n  hunter2\n`
  const { problems, warnings } = check(t, text)
  t.true(warnings.some(each => /usrname: .*Is it username/.test(each)))
  t.true(problems.some(each => /^mixmatch\.conf:10 .*auth_url: expected/.test(each)))
  t.false([...problems, ...warnings].some(each => each.includes('hunter2')))
})

test('$keystone.username and OS_KEYSTONE__PASSWORD stand for the options of [auth]', t => {
  const text = `${least}[auth]\nusername = mixmatch\nproject_name = $keystone.username\n`
  const { config } = check(t, text, { OS_KEYSTONE__PASSWORD: 'hunter2' })
  t.like(config?.auth.credentials, { username: 'mixmatch', projectName: 'mixmatch' })
  t.is(config?.auth.credentials?.password.reveal(), 'hunter2')
})

for (const [url, leave] of [
  ['http://keystone:5000/v3/auth/tokens', '/auth/tokens'],
  ['http://keystone:5000/v3/auth/tokens/', '/auth/tokens/'],
  ['http://keystone:5000/v2.0', '/v2.0'],
  ['http://keystone:5000/v2.0/tokens', '/v2.0/tokens'],
] as const) {
  test(`${url} is no Keystone, and the message says what to leave away`, t => {
    const { config, problems } = check(t, `${least}[auth]\nauth_url = ${url}\n`)
    t.is(config, null)
    t.is(problems.length, 1)
    t.regex(problems[0] ?? '', new RegExp(`\\[auth\\] auth_url: .*: leave ${leave} away$`))
  })
}

test('the URL of a federated login is a valid auth_url', t => {
  const url = 'https://keystone.sp1/v3/OS-FEDERATION/identity_providers/idp/protocols/mapped/auth'
  const { config } = check(t, federated.replace('https://keystone.sp1/v3', url))
  t.is(config?.clouds[1]?.authUrl, url)
})

test('an endpoint that ends in /auth/tokens is rejected', t => {
  const text = federated.replace(
    '[sp_sp1]',
    '[sp_sp1]\nimage_endpoint = http://sp1:5000/auth/tokens',
  )
  t.regex(check(t, text).problems[0] ?? '', /image_endpoint: expected/)
})
