import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'ava'
import { Token } from '../../src/identity/token.js'
import { IDENTITY_PROVIDER, projectId, spName } from '../../src/ids.js'
import { identityOf, sp1 } from './identities.js'
import { ids, type Keystones, loginWith, startKeystones } from './keystones.js'

const HOUR_MS = 3_600_000
const validation = 'GET /identity/v3/auth/tokens?nocatalog'
const assertion = 'POST /identity/v3/auth/OS-FEDERATION/saml2/ecp'
const presentation = 'POST /Shibboleth.sso/SAML2/ECP'
const opening = 'GET /identity/v3/OS-FEDERATION/identity_providers/default/protocols/saml2/auth'
const listing = 'GET /identity/v3/auth/projects'
const scoping = 'POST /identity/v3/auth/tokens'

test('authenticating a token returns its user, project, roles and expiry', async t => {
  const clouds = await startKeystones(t)
  const { identity } = identityOf(t, clouds)
  t.deepEqual(await identity.authenticate(new Token(await clouds.login())), {
    userId: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1',
    userName: 'demo',
    project: { id: projectId(ids.demo), name: 'demo', domainId: 'default', domainName: 'Default' },
    roles: ['reader', 'member'],
    expiresAtMs: clouds.now() + HOUR_MS,
    hasAccessRules: false,
  })
})

test('an unscoped token has no project', async t => {
  const clouds = await startKeystones(t)
  const { identity } = identityOf(t, clouds)
  const caller = await identity.authenticate(new Token(await clouds.login('demo', {})))
  t.is(caller.project, null)
})

test('an application credential with access rules is recognised as one', async t => {
  const clouds = await startKeystones(t)
  const { identity } = identityOf(t, clouds)
  const bound = await identity.authenticate(await applicationCredential(clouds.idp.url, 'bound'))
  const free = await identity.authenticate(await applicationCredential(clouds.idp.url, 'free'))
  t.true(bound.hasAccessRules)
  t.false(free.hasAccessRules)
})

test('a token is validated once for all requests at the same time', async t => {
  const clouds = await startKeystones(t)
  const { identity } = identityOf(t, clouds)
  const token = new Token(await clouds.login())
  clouds.idp.received.length = 0
  await Promise.all([1, 2, 3].map(() => identity.authenticate(token)))
  await identity.authenticate(token)
  t.deepEqual(clouds.idp.asked(), [validation])
})

test('a token is validated again when cache_time is over', async t => {
  const clouds = await startKeystones(t)
  const { identity } = identityOf(t, clouds, { cacheSeconds: 60 })
  const token = new Token(await clouds.login())
  await identity.authenticate(token)
  clouds.idp.keystone.revoke(token.reveal())
  clouds.passMs(59_000)
  await t.notThrowsAsync(identity.authenticate(token))
  clouds.passMs(1_000)
  await t.throwsAsync(identity.authenticate(token), { code: 'NOT_AUTHENTICATED' })
})

test('a token is not cached in its last half minute', async t => {
  const clouds = await startKeystones(t)
  const { identity } = identityOf(t, clouds, { cacheSeconds: 7200 })
  const token = new Token(await clouds.login())
  await identity.authenticate(token)
  clouds.passMs(HOUR_MS - 30_000)
  clouds.idp.received.length = 0
  await identity.authenticate(token)
  await identity.authenticate(token)
  t.deepEqual(clouds.idp.asked(), [validation, validation])
})

test('an unknown token is rejected, and validated once in a few seconds', async t => {
  const clouds = await startKeystones(t)
  const { identity } = identityOf(t, clouds)
  const token = new Token('gAAAAAunknown')
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const error = await t.throwsAsync(identity.authenticate(token), { code: 'NOT_AUTHENTICATED' })
    t.false(error?.message.includes('gAAAAAunknown'))
  }
  t.deepEqual(clouds.idp.asked(), [validation])
})

test('a failing Keystone is unavailable, and rejects no token', async t => {
  const clouds = await startKeystones(t)
  const replies = [
    { status: 500, body: '{"error":{"code":500,"message":"An unexpected error"}}' },
    { status: 503 },
    { status: 403, body: '{"error":{"code":403,"message":"You are not authorized"}}' },
    { status: 302, headers: { Location: 'http://127.0.0.1:1/' } },
    { status: 404, body: '<html><title>Not Found</title>' },
    { status: 200, body: '{"token":{}}' },
    { status: 200, body: 'It works!' },
  ]
  clouds.idp.answer(({ method, path }) =>
    `${method} ${path}` === validation ? replies[0] : undefined,
  )
  while (replies.length > 0) {
    const { identity } = identityOf(t, clouds)
    const failure = identity.authenticate(new Token('gAAAAAtoken'))
    await t.throwsAsync(failure, { code: 'IDENTITY_UNAVAILABLE', message: /validating a token/ })
    replies.shift()
  }
})

test('a Keystone that is down or does not respond is unavailable', async t => {
  const clouds = await startKeystones(t)
  clouds.idp.answer(() => new Promise(() => undefined))
  const { identity } = identityOf(t, clouds, { responseTimeoutMs: 50 })
  await t.throwsAsync(identity.authenticate(new Token('gAAAAAone')), {
    code: 'IDENTITY_UNAVAILABLE',
  })

  clouds.idp.server.closeAllConnections()
  clouds.idp.server.close()
  await t.throwsAsync(identity.authenticate(new Token('gAAAAAtwo')), {
    code: 'IDENTITY_UNAVAILABLE',
  })
})

test('only enabled projects are listed at a service provider', async t => {
  const clouds = await startKeystones(t)
  const { visitor } = identityOf(t, clouds)
  const { projects } = await visitor(await clouds.login())
  t.deepEqual(await projects(), [
    { id: projectId(ids.spDemo), name: 'demo', domainId: 'default', domainName: null },
    { id: projectId(ids.spDemo2), name: 'demo2', domainId: 'default', domainName: null },
  ])
})

test('access is a token of the service provider, with project and endpoints there', async t => {
  const clouds = await startKeystones(t)
  const { visitor } = identityOf(t, clouds)
  const { access } = await visitor(await clouds.login())
  const { token, project, endpoints } = await access(ids.spDemo)
  t.is(clouds.sp.keystone.validate(token.reveal())?.project?.id, ids.spDemo)
  t.deepEqual(project, {
    id: projectId(ids.spDemo),
    name: 'demo',
    domainId: 'default',
    domainName: 'Default',
  })
  t.is(endpoints.get('image'), clouds.sp.url.replace('/identity', '/image'))
  t.is(endpoints.get('volume'), clouds.sp.url.replace('/identity', `/volume/v3/${ids.spDemo}`))
})

test('an endpoint on another host or in another region is not used', async t => {
  const clouds = await startKeystones(t)
  const here = await identityOf(t, clouds, { region: 'RegionOne' }).visitor(await clouds.login())
  const { endpoints } = await here.access(ids.spDemo)
  t.true(endpoints.has('image'))
  t.false(endpoints.has('network'))
  const there = await identityOf(t, clouds, { region: 'RegionTwo' }).visitor(await clouds.login())
  t.is((await there.access(ids.spDemo)).endpoints.size, 0)
})

test('a federated login takes its six requests once', async t => {
  const clouds = await startKeystones(t)
  const { visitor } = identityOf(t, clouds)
  const { projects, access } = await visitor(await clouds.login())
  clouds.idp.received.length = 0
  await Promise.all([projects(), access(ids.spDemo), access(ids.spDemo), projects()])
  await access(ids.spDemo)
  await projects()
  t.deepEqual(clouds.idp.asked(), [assertion])
  t.deepEqual(clouds.sp.asked(), [presentation, opening, listing, scoping])
})

test('a local token never reaches a service provider', async t => {
  const clouds = await startKeystones(t)
  const { visitor } = identityOf(t, clouds)
  const secret = await clouds.login()
  const { access } = await visitor(secret)
  await access(ids.spDemo)
  t.is(clouds.sp.received.length, 4)
  t.false(JSON.stringify(clouds.sp.received).includes(secret))
})

test('a session cookie is sent only to open its own session', async t => {
  const clouds = await startKeystones(t)
  const { visitor } = identityOf(t, clouds)
  for (let user = 0; user < 2; user += 1) {
    const { access } = await visitor(await clouds.login())
    await access(ids.spDemo)
  }
  const cookies = clouds.sp.received.map(({ headers }) => headers.cookie)
  const [, first, , , , second] = cookies
  t.deepEqual(
    cookies.filter(cookie => cookie !== undefined),
    [first, second],
  )
  t.regex(first ?? '', /^_shibsession_[^=;]+=[^=;]+$/)
  t.not(first, second)
})

test('a token in the response to the assertion needs no session', async t => {
  const clouds = await startKeystones(t)
  const early = await startKeystones(t)
  const { visitor } = identityOf(t, clouds)
  const { projects } = await visitor(await clouds.login())
  // This service provider answers the assertion with the token itself, without a session.
  clouds.sp.answer(async ({ method, path }) => {
    if (`${method} ${path}` !== presentation) return undefined
    const token = await early.login()
    const headers = { 'X-Auth-Token': token, 'X-Subject-Token': token }
    const description = await fetch(`${early.idp.url}/v3/auth/tokens`, { headers })
    return { status: 201, headers: { 'X-Subject-Token': token }, body: await description.text() }
  })
  clouds.sp.answer(({ path }) =>
    path.endsWith('/auth/projects') ? { status: 200, body: '{"projects":[]}' } : undefined,
  )
  t.deepEqual(await projects(), [])
  t.deepEqual(clouds.sp.asked(), [presentation, listing])
})

test('a user who is not admitted by a service provider has no projects there', async t => {
  const clouds = await startKeystones(t)
  const { visitor } = identityOf(t, clouds)
  const { projects, access } = await visitor(await clouds.login('glance'))
  t.deepEqual(await projects(), [])
  await t.throwsAsync(access(ids.spDemo), { code: 'NO_PROJECT_AT_SERVICE_PROVIDER' })
  t.deepEqual(clouds.sp.asked(), [presentation, opening])
})

test('a user who was not admitted logs in again after half a minute', async t => {
  const clouds = await startKeystones(t)
  let refused = true
  clouds.sp.answer(({ path }) =>
    refused && path.endsWith('/saml2/auth') ? { status: 403, body: '{}' } : undefined,
  )
  const { visitor } = identityOf(t, clouds)
  const { projects } = await visitor(await clouds.login())
  t.is((await projects()).length, 0)
  refused = false
  clouds.passMs(29_999)
  t.is((await projects()).length, 0)
  clouds.passMs(1)
  t.is((await projects()).length, 2)
})

test('a federated login that failed is not repeated within a few seconds', async t => {
  const clouds = await startKeystones(t)
  clouds.sp.answer(({ path }) => (path.endsWith('/SAML2/ECP') ? { status: 500 } : undefined))
  const { visitor } = identityOf(t, clouds)
  const { access, projects } = await visitor(await clouds.login())
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await t.throwsAsync(access(ids.spDemo), { code: 'FEDERATION_FAILED' })
    await t.throwsAsync(projects(), { code: 'FEDERATION_FAILED' })
  }
  t.deepEqual(clouds.sp.asked(), [presentation])
  clouds.passMs(5_000)
  await t.throwsAsync(projects(), { code: 'FEDERATION_FAILED' })
  t.deepEqual(clouds.sp.asked(), [presentation, presentation])
})

test('a project without a role, and one that is disabled, give no access', async t => {
  const clouds = await startKeystones(t)
  const { visitor } = identityOf(t, clouds)
  const { access } = await visitor(await clouds.login())
  for (const project of [ids.demo, ids.spClosed]) {
    await t.throwsAsync(access(project), {
      code: 'NO_PROJECT_AT_SERVICE_PROVIDER',
      message: new RegExp(`"sp1".*${project}`),
    })
  }
})

test('a token without a project or with access rules is not federated', async t => {
  const clouds = await startKeystones(t)
  const { visitor } = identityOf(t, clouds)
  const unscoped = await visitor(await clouds.login('demo', {}))
  const bound = await visitor((await applicationCredential(clouds.idp.url, 'bound')).reveal())
  clouds.idp.received.length = 0
  await t.throwsAsync(unscoped.projects(), { code: 'FORBIDDEN', message: /scoped to a project/ })
  await t.throwsAsync(bound.projects(), { code: 'FORBIDDEN', message: /access rules/ })
  await t.throwsAsync(bound.access(ids.spDemo), { code: 'FORBIDDEN' })
  t.deepEqual([...clouds.idp.asked(), ...clouds.sp.asked()], [])
})

test('a cloud that is not configured is unknown', async t => {
  const clouds = await startKeystones(t)
  const { identity } = identityOf(t, clouds)
  const token = new Token(await clouds.login())
  const caller = await identity.authenticate(token)
  await t.throwsAsync(identity.projects(token, caller, spName('sp9')), {
    code: 'UNKNOWN_SERVICE_PROVIDER',
  })
})

test('the error for a service provider that is down or does not respond names it', async t => {
  const clouds = await startKeystones(t)
  clouds.sp.answer(() => new Promise(() => undefined))
  const { visitor } = identityOf(t, clouds, { responseTimeoutMs: 2_000 })
  const silent = await visitor(await clouds.login())
  await t.throwsAsync(silent.projects(), { code: 'SERVICE_PROVIDER_TIMEOUT', message: /"sp1"/ })

  clouds.sp.server.closeAllConnections()
  clouds.sp.server.close()
  const down = await visitor(await clouds.login())
  await t.throwsAsync(down.projects(), { code: 'SERVICE_PROVIDER_UNREACHABLE', message: /"sp1"/ })
})

test('a revoked token is detected in the federated login, and validated again', async t => {
  const clouds = await startKeystones(t)
  const { identity, visitor } = identityOf(t, clouds)
  const secret = await clouds.login()
  const { projects } = await visitor(secret)
  clouds.passMs(6_000)
  clouds.idp.keystone.revoke(secret)
  await t.throwsAsync(projects(), { code: 'NOT_AUTHENTICATED' })
  await t.throwsAsync(identity.authenticate(new Token(secret)), { code: 'NOT_AUTHENTICATED' })
})

test('a session that was revoked at the service provider is replaced once', async t => {
  const clouds = await startKeystones(t)
  const { visitor } = identityOf(t, clouds)
  const { access } = await visitor(await clouds.login())
  await access(ids.spDemo)
  clouds.sp.keystone.revoke(unscopedAt(clouds))
  clouds.passMs(6_000)
  clouds.sp.received.length = 0
  t.is((await access(ids.spDemo2)).project.name, 'demo2')
  t.deepEqual(clouds.sp.asked(), [scoping, presentation, opening, listing, scoping])
})

test('a session that a service provider rejects is dropped, but not twice in a few seconds', async t => {
  const clouds = await startKeystones(t)
  const { identity, visitor } = identityOf(t, clouds)
  const secret = await clouds.login()
  const { access } = await visitor(secret)
  const { token: first } = await access(ids.spDemo)

  identity.forget(new Token(secret), sp1)
  t.is((await access(ids.spDemo)).token, first)
  clouds.passMs(5_000)
  identity.forget(new Token(secret), sp1)
  t.not((await access(ids.spDemo)).token, first)
})

test('a token that its own cloud rejects is dropped with all of its sessions', async t => {
  const clouds = await startKeystones(t)
  const { identity, visitor } = identityOf(t, clouds)
  const secret = await clouds.login()
  const { access } = await visitor(secret)
  const { token: first } = await access(ids.spDemo)
  clouds.passMs(5_000)
  identity.forget(new Token(secret), IDENTITY_PROVIDER)
  t.not((await access(ids.spDemo)).token, first)
  clouds.idp.received.length = 0
  await identity.authenticate(new Token(secret))
  t.deepEqual(clouds.idp.asked(), [validation])
})

test('access expires with the token that it was made with', async t => {
  const clouds = await startKeystones(t)
  const { visitor } = identityOf(t, clouds, { cacheSeconds: 7200 })
  const secret = await clouds.login()
  clouds.passMs(HOUR_MS / 2)
  const { projects } = await visitor(secret)
  await projects()
  clouds.passMs(HOUR_MS / 2 - 30_000)
  clouds.idp.received.length = 0
  await projects()
  t.deepEqual(clouds.idp.asked(), [assertion])
})

test('cached access is what was awaited before, for the same token, project and time only', async t => {
  const clouds = await startKeystones(t)
  const { identity, visitor } = identityOf(t, clouds)
  const secret = await clouds.login()
  const { projects, access } = await visitor(secret)
  const cached = (project: string, token = secret) =>
    identity.cachedAccess(new Token(token), sp1, offered => {
      const chosen = offered.find(({ id }) => id === projectId(project))
      if (!chosen) throw new Error('no such project')
      return chosen
    })
  t.is(cached(ids.spDemo), undefined)
  await projects()
  t.is(cached(ids.spDemo), undefined)
  t.throws(() => cached('elsewhere'), { message: 'no such project' })

  const awaited = await access(ids.spDemo)
  t.is(cached(ids.spDemo), awaited)
  t.is(cached(ids.spDemo2), undefined)
  t.is(cached(ids.spDemo, await clouds.login()), undefined)

  clouds.passMs(5_000)
  identity.forget(new Token(secret), sp1)
  t.is(cached(ids.spDemo), undefined)
  await access(ids.spDemo)
  clouds.passMs(600_000)
  t.is(cached(ids.spDemo), undefined)
})

test('a configured login URL is used instead of the one that Keystone names', async t => {
  const clouds = await startKeystones(t, { authUrl: 'http://127.0.0.1:1/' })
  const login = `${clouds.sp.url}/v3/OS-FEDERATION/identity_providers/default/protocols/saml2/auth`
  const { visitor } = identityOf(t, clouds, { authUrl: login })
  const { projects } = await visitor(await clouds.login())
  t.is((await projects()).length, 2)
})

test('an assertion goes to allowed hosts only', async t => {
  let reached = 0
  const elsewhere = createServer((_, response) => {
    reached += 1
    response.end()
  })
  await new Promise<void>(resolve => elsewhere.listen(0, 'localhost', resolve))
  t.teardown(() => elsewhere.close())
  const { port } = elsewhere.address() as AddressInfo
  const clouds = await startKeystones(t, { spUrl: `http://localhost:${port}/ecp` })

  const { visitor } = identityOf(t, clouds)
  const { projects } = await visitor(await clouds.login())
  await t.throwsAsync(projects(), {
    code: 'FEDERATION_FAILED',
    message: /sp_url "http:\/\/localhost:.*allowed_hosts/,
  })
  t.is(reached, 0)

  const allowing = identityOf(t, clouds, { allowedHosts: ['localhost', '127.0.0.1'] })
  const trusting = await allowing.visitor(await clouds.login())
  await t.throwsAsync(trusting.projects(), { code: 'FEDERATION_FAILED', message: /presenting/ })
  t.is(reached, 1)
})

test('a session is opened at allowed hosts only', async t => {
  const clouds = await startKeystones(t, { authUrl: 'http://localhost:1/' })
  const { visitor } = identityOf(t, clouds)
  const { projects } = await visitor(await clouds.login())
  await t.throwsAsync(projects(), {
    code: 'FEDERATION_FAILED',
    message: /auth_url "http:\/\/local/,
  })
  t.deepEqual(clouds.sp.asked(), [])
})

test('no secret is logged, whatever fails', async t => {
  const clouds = await startKeystones(t)
  const { visitor, log } = identityOf(t, clouds)
  const secret = await clouds.login()
  const { access } = await visitor(secret)
  const { token } = await access(ids.spDemo)
  clouds.sp.answer(({ body }) => ({ status: 500, body: `<title>${secret}</title>${body}` }))
  clouds.passMs(700_000)
  await t.throwsAsync(access(ids.spDemo))
  t.true(log().includes('federated'))
  t.true(log().includes('presenting the assertion'))
  for (const hidden of [secret, token.reveal(), unscopedAt(clouds)]) t.false(log().includes(hidden))
})

async function applicationCredential(url: string, id: string): Promise<Token> {
  const application_credential = { id, secret: `${id}-secret` }
  const methods = ['application_credential']
  return new Token(await loginWith(url, { identity: { methods, application_credential } }))
}

/** The unscoped token that was last used at the service provider. */
function unscopedAt({ sp }: Keystones): string {
  const listings = sp.received.filter(({ path }) => path.endsWith('/auth/projects'))
  return String(listings.at(-1)?.headers['x-auth-token'])
}

test('every cache look-up and every federated login is counted in the metrics', async t => {
  const clouds = await startKeystones(t)
  const told: unknown[] = []
  const { visitor } = identityOf(t, clouds, {
    onLookup: (cache, result) => told.push([cache, result]),
    onFederation: (at, result) => told.push([at, result]),
  })
  const { projects } = await visitor(await clouds.login())
  await projects()
  await projects()
  t.deepEqual(told, [
    ['caller', 'miss'],
    ['visit', 'miss'],
    ['sp1', 'arrived'],
    ['visit', 'hit'],
  ])
})

test('a federated login that fails is counted in the metrics', async t => {
  const clouds = await startKeystones(t)
  const told: unknown[] = []
  const { visitor } = identityOf(t, clouds, {
    allowedHosts: ['elsewhere.example'],
    onFederation: (at, result) => told.push([at, result]),
  })
  const { projects } = await visitor(await clouds.login())
  await t.throwsAsync(projects())
  t.deepEqual(told, [['sp1', 'failed']])
})
