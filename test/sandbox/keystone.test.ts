import test from 'ava'
import {
  type Cloud,
  ids,
  type Keystones,
  loginWith,
  startKeystones,
} from '../identity/keystones.js'

const HOUR_MS = 3_600_000

test('Keystone shows its versions without a token', async t => {
  const { idp } = await startKeystones(t)
  const root = await fetch(idp.url)
  const v3 = await fetch(`${idp.url}/v3/`)
  t.is(root.status, 300)
  t.like(await root.json(), { versions: { values: [{ links: [{ href: `${idp.url}/v3/` }] }] } })
  t.is(v3.status, 200)
  t.like(await v3.json(), { version: { id: 'v3.14' } })
})

test('a password login returns a token that looks like Fernet, with roles and catalog', async t => {
  const { idp, login } = await startKeystones(t)
  const token = await login()
  t.regex(token, /^gAAAAA[\w-]{170,180}$/)
  const headers = { 'X-Auth-Token': token, 'X-Subject-Token': token }
  const response = await fetch(`${idp.url}/v3/auth/tokens`, { headers })
  t.like(await response.json(), {
    token: {
      user: { name: 'demo' },
      project: { id: ids.demo },
      roles: [{ name: 'reader' }, { name: 'member' }],
      catalog: [{ type: 'identity' }, { type: 'image' }],
      service_providers: [{ id: 'sp1' }],
    },
  })
  t.is(idp.keystone.validate(token)?.project?.name, 'demo')
})

test('a wrong password, an unknown user and a project without roles are all the same 401', async t => {
  const { idp } = await startKeystones(t)
  const user = { name: 'demo', domain: { id: 'default' }, password: 'demo-password' }
  const attempts = [
    { user: { ...user, password: 'guess' } },
    { user: { ...user, name: 'nobody' } },
    { user, scope: { project: { name: 'service', domain: { id: 'default' } } } },
    { user, scope: { domain: { id: 'default' } } },
  ]
  for (const { user, scope } of attempts) {
    const identity = { methods: ['password'], password: { user } }
    const response = await post(idp, '/v3/auth/tokens', { auth: { identity, scope } })
    t.is(response.status, 401)
    t.is(response.headers.get('WWW-Authenticate'), `Keystone uri="${idp.url}/v3"`)
    t.like(await response.json(), { error: { code: 401, title: 'Unauthorized' } })
  }
})

test('a malformed login is a 400', async t => {
  const { idp } = await startKeystones(t)
  t.is((await post(idp, '/v3/auth/tokens', { auth: {} })).status, 400)
  const noJson = await fetch(`${idp.url}/v3/auth/tokens`, { method: 'POST', body: '{' })
  t.is(noJson.status, 400)
})

test('rescoping keeps the expiry of the token', async t => {
  const { idp, login, passMs } = await startKeystones(t)
  const unscoped = await login('demo', {})
  passMs(HOUR_MS / 2)
  const scoped = await loginWith(idp.url, {
    identity: { methods: ['token'], token: { id: unscoped } },
    scope: { project: { id: ids.demo } },
  })
  t.is(idp.keystone.validate(unscoped)?.project, null)
  t.is(
    idp.keystone.validate(scoped)?.expiresAtMs,
    idp.keystone.validate(unscoped)?.expiresAtMs as number,
  )
})

test('a token is invalid after its expiry or revocation', async t => {
  const { idp, login, passMs } = await startKeystones(t)
  const revoked = await login()
  const response = await fetch(`${idp.url}/v3/auth/tokens`, {
    method: 'DELETE',
    headers: { 'X-Auth-Token': revoked, 'X-Subject-Token': revoked },
  })
  t.is(response.status, 204)
  t.is(idp.keystone.validate(revoked), null)

  const expired = await login()
  passMs(HOUR_MS)
  t.is(idp.keystone.validate(expired), null)
})

test('a user may validate only its own token, a service any token', async t => {
  const { idp, login } = await startKeystones(t)
  const [mine, other, service] = await Promise.all([login(), login(), login('glance')])
  const ask = (caller: string, subject: string) =>
    fetch(`${idp.url}/v3/auth/tokens`, {
      headers: { 'X-Auth-Token': caller, 'X-Subject-Token': subject },
    })
  t.is((await ask(mine, mine)).status, 200)
  t.is((await ask(mine, other)).status, 403)
  t.is((await ask(service, mine)).status, 200)
  t.is((await ask(service, 'gAAAAAunknown')).status, 404)
  t.is((await ask('gAAAAAunknown', mine)).status, 401)
})

test('a user may list its own projects, and not all projects', async t => {
  const { idp, login } = await startKeystones(t)
  const headers = { 'X-Auth-Token': await login() }
  const own = await fetch(`${idp.url}/v3/auth/projects`, { headers })
  t.like(await own.json(), { projects: [{ name: 'demo' }, { name: 'lonely' }] })
  t.is((await fetch(`${idp.url}/v3/projects`, { headers })).status, 403)
  t.is((await fetch(`${idp.url}/v3/projects/${ids.demo}`, { headers })).status, 200)
})

test('an assertion opens a session at the service provider, and the session is exchanged for a token', async t => {
  const clouds = await startKeystones(t)
  const assertion = await assertionFor(clouds, await clouds.login())
  const session = await openSession(clouds.sp, assertion)
  t.is(session.status, 302)
  const cookie = session.headers.get('Set-Cookie')?.split(';')[0] ?? ''
  t.regex(cookie, /^_shibsession_[0-9a-f]+=_[0-9a-f]{32}$/)

  const answer = await enter(clouds.sp, cookie)
  t.is(answer.status, 201)
  const token = clouds.sp.keystone.validate(answer.headers.get('X-Subject-Token') ?? '')
  t.is(token?.user.name, 'demo')
  t.is(token?.project, null)
})

test('the mapping rejects a service user', async t => {
  const clouds = await startKeystones(t)
  const assertion = await assertionFor(clouds, await clouds.login('glance'))
  const session = await openSession(clouds.sp, assertion)
  const cookie = session.headers.get('Set-Cookie')?.split(';')[0] ?? ''
  t.is((await enter(clouds.sp, cookie)).status, 401)
})

test('an assertion that was altered, used before or has expired is rejected', async t => {
  const clouds = await startKeystones(t)
  const token = await clouds.login()
  const altered = (await assertionFor(clouds, token)).replace('>demo<', '>root<')
  t.is((await openSession(clouds.sp, altered)).status, 500)

  const twice = await assertionFor(clouds, token)
  t.is((await openSession(clouds.sp, twice)).status, 302)
  t.is((await openSession(clouds.sp, twice)).status, 500)

  const late = await assertionFor(clouds, token)
  clouds.passMs(HOUR_MS)
  t.is((await openSession(clouds.sp, late)).status, 500)
})

test('federated login without the session cookie is rejected', async t => {
  const { sp } = await startKeystones(t)
  t.is((await enter(sp, '')).status, 500)
})

test('an assertion needs a project-scoped token without access rules and a known service provider', async t => {
  const clouds = await startKeystones(t)
  const ask = (token: string, id: string) => askAssertion(clouds, token, id)
  t.is((await ask(await clouds.login('demo', {}), 'sp1')).status, 403)
  t.is((await ask(await clouds.login(), 'sp9')).status, 404)
  t.is((await ask('gAAAAAunknown', 'sp1')).status, 404)
  const bound = await loginWith(clouds.idp.url, {
    identity: {
      methods: ['application_credential'],
      application_credential: { id: 'bound', secret: 'bound-secret' },
    },
  })
  t.is((await ask(bound, 'sp1')).status, 404)
})

function post({ url }: Cloud, path: string, body: object): Promise<Response> {
  return fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) })
}

function askAssertion({ idp }: Keystones, token: string, id: string): Promise<Response> {
  return post(idp, '/v3/auth/OS-FEDERATION/saml2/ecp', {
    auth: {
      identity: { methods: ['token'], token: { id: token } },
      scope: { service_provider: { id } },
    },
  })
}

async function assertionFor(clouds: Keystones, token: string): Promise<string> {
  return (await askAssertion(clouds, token, 'sp1')).text()
}

function openSession({ url }: Cloud, assertion: string): Promise<Response> {
  return fetch(new URL('/Shibboleth.sso/SAML2/ECP', url), {
    method: 'POST',
    headers: { 'Content-Type': 'application/vnd.paos+xml' },
    body: assertion,
    redirect: 'manual',
  })
}

function enter({ url }: Cloud, cookie: string): Promise<Response> {
  return fetch(`${url}/v3/OS-FEDERATION/identity_providers/default/protocols/saml2/auth`, {
    headers: { Cookie: cookie },
    redirect: 'manual',
  })
}
