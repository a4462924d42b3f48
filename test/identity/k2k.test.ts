import test from 'ava'
import type { Reply } from '../../sandbox/keystone/keystone-http.js'
import type { FaultCode } from '../../src/errors.js'
import { identityOf } from './identities.js'
import { ids, startKeystones } from './keystones.js'

/** A response that makes a federated login fail, and the error that the user gets. */
interface Failure {
  readonly title: string
  readonly at: 'idp' | 'sp'
  /** How the path of the request ends. */
  readonly path: string
  readonly reply: Reply
  readonly code: FaultCode
  readonly message: RegExp
}

const failures: readonly Failure[] = [
  {
    title: 'a service provider that Keystone does not know is a configuration error',
    at: 'idp',
    path: '/saml2/ecp',
    reply: fault(404, 'Could not find Service Provider: sp1.'),
    code: 'FEDERATION_FAILED',
    message: /asking for an assertion.*answered 404 \(Could not find.*Check sp_name/,
  },
  {
    title: 'a disabled service provider is forbidden',
    at: 'idp',
    path: '/saml2/ecp',
    reply: fault(403, 'Service Provider is disabled.'),
    code: 'FORBIDDEN',
    message: /asking for an assertion.*is disabled/,
  },
  {
    title: 'a 401 to the request for an assertion means that the token is invalid',
    at: 'idp',
    path: '/saml2/ecp',
    reply: fault(401, 'The request you have made requires authentication.'),
    code: 'NOT_AUTHENTICATED',
    message: /asking for an assertion/,
  },
  {
    title: 'an identity provider that cannot sign is named in the error',
    at: 'idp',
    path: '/saml2/ecp',
    reply: fault(500, 'An unexpected error prevented the server from fulfilling your request.'),
    code: 'FEDERATION_FAILED',
    message: /Identity provider.*xmlsec1/,
  },
  {
    title: 'a 503 to the request for an assertion means that the identity provider is unavailable',
    at: 'idp',
    path: '/saml2/ecp',
    reply: { status: 503 },
    code: 'IDENTITY_UNAVAILABLE',
    message: /asking for an assertion/,
  },
  {
    title: 'the error for a rejected assertion quotes Shibboleth and hints at the clocks',
    at: 'sp',
    path: '/SAML2/ECP',
    reply: {
      status: 500,
      body:
        '<html><title>opensaml&#58;&#58;FatalProfileException</title><p>This page is of no use.</p>' +
        '<p>Your system&#39;s <b>clock</b> is out of sync</p></html>',
    },
    code: 'FEDERATION_FAILED',
    message:
      /"sp1": presenting the assertion.*opensaml::FatalProfileException: Your system's clock is out of sync\).*clocks/,
  },
  {
    title: 'a redirect without a session cookie is an error',
    at: 'sp',
    path: '/SAML2/ECP',
    reply: { status: 302, headers: { Location: 'https://sso.example/login' } },
    code: 'FEDERATION_FAILED',
    message: /presenting the assertion.*session cookie, answered 302/,
  },
  {
    title: 'a 503 to the assertion means that the service provider is unreachable',
    at: 'sp',
    path: '/SAML2/ECP',
    reply: { status: 503 },
    code: 'SERVICE_PROVIDER_UNREACHABLE',
    message: /"sp1": presenting the assertion/,
  },
  {
    title: 'a redirect to a login page instead of a token is an error',
    at: 'sp',
    path: '/saml2/auth',
    reply: { status: 302, headers: { Location: 'https://sso.example/login' } },
    code: 'FEDERATION_FAILED',
    message: /opening the session.*answered 302.*clocks/,
  },
  {
    title: 'a page instead of a token is an error',
    at: 'sp',
    path: '/saml2/auth',
    reply: { status: 200, body: '<html><title>Welcome</title></html>' },
    code: 'FEDERATION_FAILED',
    message: /opening the session.*answered 200 \(Welcome\)/,
  },
  {
    title: 'a token without a description is an error',
    at: 'sp',
    path: '/saml2/auth',
    reply: { status: 201, headers: { 'X-Subject-Token': 'gAAAAAmade-up' }, body: '{}' },
    code: 'FEDERATION_FAILED',
    message: /opening the session/,
  },
  {
    title: 'a failed list of projects is an error, not an empty list',
    at: 'sp',
    path: '/auth/projects',
    reply: fault(500, 'An unexpected error'),
    code: 'FEDERATION_FAILED',
    message: /listing projects.*answered 500/,
  },
  {
    title: 'a list of something else than projects is an error, not an empty list',
    at: 'sp',
    path: '/auth/projects',
    reply: { status: 200, body: '{"projects":[{"id":1}]}' },
    code: 'FEDERATION_FAILED',
    message: /listing projects/,
  },
  {
    title: 'a 401 to scoping means that the user has no role on the project',
    at: 'sp',
    path: '/auth/tokens',
    reply: fault(401, 'The request you have made requires authentication.'),
    code: 'NO_PROJECT_AT_SERVICE_PROVIDER',
    message: /scoping a token to project 2111/,
  },
  {
    title: 'an error in the last step names that step',
    at: 'sp',
    path: '/auth/tokens',
    reply: fault(500, 'An unexpected error'),
    code: 'FEDERATION_FAILED',
    message: /scoping a token to project 2111.*answered 500/,
  },
]

for (const { title, at, path, reply, code, message } of failures) {
  test(title, async t => {
    const clouds = await startKeystones(t)
    const { visitor } = identityOf(t, clouds)
    const { access } = await visitor(await clouds.login())
    clouds[at].answer(received => (received.path.endsWith(path) ? reply : undefined))
    await t.throwsAsync(access(ids.spDemo), { code, message })
  })
}

test('a token scoped to another project than the requested one is not used', async t => {
  const clouds = await startKeystones(t)
  const { visitor } = identityOf(t, clouds)
  const { access } = await visitor(await clouds.login())
  const { token } = await access(ids.spDemo2)
  const headers = { 'X-Auth-Token': token.reveal(), 'X-Subject-Token': token.reveal() }
  const description = await fetch(`${clouds.sp.url}/v3/auth/tokens`, { headers })
  const body = await description.text()
  clouds.sp.answer(({ path }) =>
    path.endsWith('/auth/tokens')
      ? { status: 201, headers: { 'X-Subject-Token': token.reveal() }, body }
      : undefined,
  )
  await t.throwsAsync(access(ids.spDemo), {
    code: 'FEDERATION_FAILED',
    message: /project 2111.* was asked for, and one for project 2222/,
  })
})

function fault(code: number, message: string): Reply {
  return { status: code, body: JSON.stringify({ error: { code, message, title: 'Error' } }) }
}

test('the error for a foreign address shows no password of its URL, and only its beginning', async t => {
  const clouds = await startKeystones(t)
  const { visitor } = identityOf(t, clouds)
  const { access } = await visitor(await clouds.login())
  const spUrl = `http://user:hunter2@evil.example/${'x'.repeat(10_000)}`
  clouds.idp.answer(({ path }) =>
    path.endsWith('/saml2/ecp')
      ? { status: 200, headers: { 'X-sp-url': spUrl, 'X-auth-url': spUrl } }
      : undefined,
  )
  const error = await t.throwsAsync(access(ids.spDemo), { code: 'FEDERATION_FAILED' })
  t.regex(error.message, /the sp_url "http:\/\/\*\*\*@evil\.example\/x+" .*allowed_hosts/)
  t.true(error.message.length < 600)
})
