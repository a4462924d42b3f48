import test from 'ava'
import { cookieHeader } from '../../src/http-client/cookies.js'
import { identityOf } from './identities.js'
import { ids, startKeystones } from './keystones.js'

const from = 'https://sp.example/Shibboleth.sso/SAML2/ECP'
const to = 'https://sp.example:5000/v3/OS-FEDERATION/identity_providers/idp/protocols/saml2/auth'
const nowMs = Date.UTC(2026, 10, 23)
const sent = (...setCookies: readonly string[]) => cookieHeader(setCookies, { from, to, nowMs })

test('a session cookie is sent with its name and value alone', t => {
  t.is(sent('_shibsession_64=_51; path=/; HttpOnly; SameSite=None; Secure'), '_shibsession_64=_51')
  t.is(sent('a=b=c; Path=/', 'mellon="x y"'), 'a=b=c; mellon="x y"')
})

test('the last of two cookies with the same name is sent', t => {
  t.is(sent('session=old; Path=/', 'session=new; Path=/'), 'session=new')
  t.is(sent('session=old', 'other=1', 'session=new; Path=/'), 'other=1; session=new')
  t.is(sent('session=1; Path=/', 'SESSION=2; Path=/'), 'session=1; SESSION=2')
})

test('an expired cookie is not sent, and neither is its earlier value', t => {
  t.is(sent('a=1; Expires=Thu, 01 Jan 1970 00:00:01 GMT'), '')
  t.is(sent('a=1', 'a=; Expires=Thu, 01-Jan-1970 00:00:01 GMT; Path=/'), '')
  t.is(sent('a=1', 'a=gone; Max-Age=0', 'b=2'), 'b=2')
  t.is(sent('a=gone; Max-Age=0', 'a=1'), 'a=1')
  t.is(sent('a=1; Max-Age=-5; Expires=Fri, 01 Jan 2100 00:00:00 GMT'), '')
  t.is(sent('a=1; Expires=Mon, 23 Nov 2026 00:00:00 GMT'), '')
  t.is(sent('a=1; Expires=Mon, 23 Nov 2026 00:00:01 GMT'), 'a=1')
  t.is(sent('a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:01 GMT'), 'a=1')
  t.is(sent('a=1; Expires=nonsense; Max-Age=nonsense'), 'a=1')
})

test('a cookie for another path is not sent', t => {
  t.is(sent('a=1; Path=/Shibboleth.sso', 'b=2; Path=/v3', 'c=3; Path=/v3x'), 'b=2')
  t.is(sent('a=1; Path=/', 'a=2; Path=/v3/OS-FEDERATION/', 'b=3; Path=relative'), 'a=2; a=1; b=3')
})

test('a cookie for encrypted connections is not sent over another', t => {
  const plain = { from, to: to.replace('https', 'http'), nowMs }
  t.is(cookieHeader(['a=1; Secure', 'b=2'], plain), 'b=2')
})

test('a cookie of another domain is not taken', t => {
  t.is(
    sent('a=1; Domain=evil.example', 'b=2; Domain=.example', 'c=3; Domain=sp.example'),
    'b=2; c=3',
  )
})

test('a malformed cookie is not sent', t => {
  t.is(sent('', 'no name', '=no name', 'a\u0001=1'), '')
})

test('a session that the service provider ends in the same response is not used', async t => {
  const clouds = await startKeystones(t)
  const { visitor } = identityOf(t, clouds)
  const { access } = await visitor(await clouds.login())
  const setCookies = ['_shibsession=_51; path=/', '_shibsession=; path=/; Max-Age=0']
  clouds.sp.answer(({ path }) =>
    path.endsWith('/SAML2/ECP')
      ? { status: 302, headers: { Location: clouds.sp.url, 'Set-Cookie': setCookies } }
      : undefined,
  )
  await t.throwsAsync(access(ids.spDemo), {
    code: 'FEDERATION_FAILED',
    message: /expected a redirect with a session cookie/,
  })
})

test('the session is opened with the cookie that was set last', async t => {
  const clouds = await startKeystones(t)
  const { visitor } = identityOf(t, clouds)
  const user = await visitor(await clouds.login())
  clouds.sp.answer(({ path }) =>
    path.endsWith('/SAML2/ECP')
      ? {
          status: 302,
          headers: {
            Location: clouds.sp.url,
            'Set-Cookie': ['s=old; path=/', 'gone=1; Max-Age=0', 's=new; path=/'],
          },
        }
      : undefined,
  )
  await t.throwsAsync(user.access(ids.spDemo)) // the miniature knows no such session
  const opening = clouds.sp.received.find(({ path }) => path.includes('/protocols/'))
  t.is(opening?.headers.cookie, 's=new')
})
