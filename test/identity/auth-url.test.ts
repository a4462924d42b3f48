import test from 'ava'
import { createUrlCheck, parseAuthUrl } from '../../src/identity/auth-url.js'

test('auth_url may be written with or without /v3 and slashes', t => {
  for (const authUrl of [
    'http://sp:5000',
    'http://sp:5000/',
    'http://sp:5000/v3',
    'http://sp:5000/v3/',
  ]) {
    t.deepEqual(parseAuthUrl(authUrl), { v3: 'http://sp:5000/v3', login: null })
  }
  t.is(parseAuthUrl('https://sp/identity').v3, 'https://sp/identity/v3')
})

test('the whole URL of a federated login names both Keystone and the login', t => {
  const login = 'https://sp/identity/v3/OS-FEDERATION/identity_providers/home/protocols/saml2/auth'
  t.deepEqual(parseAuthUrl(login), { v3: 'https://sp/identity/v3', login })
})

test('by default URLs on the host of auth_url are allowed, at any port', t => {
  const isAllowed = createUrlCheck('http://sp.example:5000/v3', [])
  t.true(isAllowed('http://sp.example:5000/Shibboleth.sso/SAML2/ECP'))
  t.true(isAllowed('https://SP.example/v3'))
  t.false(isAllowed('http://evil.example:5000/v3'))
  t.false(isAllowed('http://sp.example.evil.example/v3'))
})

test('allowed hosts replace the default, and a port restricts them', t => {
  const isAllowed = createUrlCheck('http://sp.example:5000', [
    'SSO.example',
    'api.example:8443',
    '::1',
  ])
  t.true(isAllowed('http://sso.example:81/ecp'))
  t.true(isAllowed('https://api.example:8443/v3'))
  t.false(isAllowed('https://api.example/v3'))
  t.true(isAllowed('http://[::1]:5000/v3'))
  t.false(isAllowed('http://sp.example:5000/v3'))
  t.true(createUrlCheck('http://sp', ['sso.example:443'])('https://sso.example/'))
})

test('http URLs are not allowed for a cloud that is reached by https', t => {
  const isAllowed = createUrlCheck('https://sp.example/v3', [])
  t.true(isAllowed('https://sp.example/Shibboleth.sso/SAML2/ECP'))
  t.false(isAllowed('http://sp.example/Shibboleth.sso/SAML2/ECP'))
})

test('a URL that is not a plain http URL is never allowed', t => {
  const isAllowed = createUrlCheck('http://sp.example', [])
  for (const url of [
    '',
    '/v3',
    'file://sp.example/etc',
    'http://me@sp.example/',
    'http://sp.example:x/',
  ]) {
    t.false(isAllowed(url), url)
  }
})

test('a URL of more than 2000 characters is never allowed', t => {
  const isAllowed = createUrlCheck('http://sp.example', [])
  const ofLength = (length: number) => 'http://sp.example/'.padEnd(length, 'x')
  t.true(isAllowed(ofLength(2000)))
  t.false(isAllowed(ofLength(2001)))
})
