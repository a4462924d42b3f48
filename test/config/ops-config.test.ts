import test from 'ava'
import { check, least } from './configurations.js'

const withOps = (lines: string) => `${least}\n[ops]\n${lines}\n`

test('the read API needs no token on a loopback address, and one elsewhere', t => {
  const authOf = (lines: string) => check(t, withOps(lines)).config?.ops.auth
  t.is(authOf(''), 'none')
  t.is(authOf('host = ::1'), 'none')
  t.is(authOf('host = 127.8.0.1'), 'none')
  t.is(authOf('host = localhost'), 'none')
  t.is(authOf('host = 0.0.0.0\nsocket = ops.sock'), 'none')
  t.is(authOf('host = 0.0.0.0'), 'keystone')
  t.is(authOf('host = 10.0.0.5'), 'keystone')
  t.is(authOf('auth = keystone'), 'keystone')
})

test('[ops] auth = none is rejected if other machines can connect', t => {
  for (const host of ['0.0.0.0', '::', '10.0.0.5', 'ops.example.org', '127.example.org']) {
    const { config, problems } = check(t, withOps(`host = ${host}\nauth = none`))
    t.is(config, null)
    t.regex(problems.join('\n'), /\[ops\] auth: expected keystone, or a loopback/)
  }
})

test('the roles of the read API are read from [ops] admin_roles and reader_roles', t => {
  const { config } = check(t, withOps('admin_roles = admin, operator\nreader_roles = member'))
  t.like(config?.ops, { adminRoles: ['admin', 'operator'], readerRoles: ['member'] })
})
