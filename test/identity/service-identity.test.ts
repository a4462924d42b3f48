import test from 'ava'
import { IDENTITY_PROVIDER } from '../../src/ids.js'
import { serviceAt, sp1, user } from './identities.js'
import { ids, type Keystones, startKeystones } from './keystones.js'

const logins = ({ asked }: Keystones['idp']) =>
  asked().filter(each => each === 'POST /identity/v3/auth/tokens').length

test('the service user logs in at the identity provider with the password of [auth]', async t => {
  const clouds = await startKeystones(t)
  const identity = serviceAt(t, clouds, user('demo', 'demo'))
  const access = await identity.access(IDENTITY_PROVIDER)
  t.is(access.project.id as string, ids.demo)
  t.deepEqual(access.roles, ['reader', 'member'])
  t.truthy(clouds.idp.keystone.validate(access.token.reveal()))
  t.is(String(access.token), '[token]')
})

test('the service user logs in at a service provider by federation', async t => {
  const clouds = await startKeystones(t)
  const access = await serviceAt(t, clouds, user('demo', 'demo')).access(sp1)
  t.is(access.project.id as string, ids.spDemo)
  t.truthy(clouds.sp.keystone.validate(access.token.reveal()))
  t.truthy(access.endpoints.get('image'))
})

test('the service user is federated to the project that gives it a wanted role', async t => {
  const clouds = await startKeystones(t)
  const own = user('mixmatch', 'service')
  const access = await serviceAt(t, clouds, own, null, ['else', 'service']).access(sp1)
  t.deepEqual(access.roles, ['service'])
  t.is(access.project.id as string, ids.spService)
  const any = await serviceAt(t, clouds, own, null, ['admin']).access(sp1)
  t.deepEqual(any.roles, ['reader'])
  t.is(any.project.id as string, ids.spDemo)
})

test('the error for a service user who is not admitted says what to configure', async t => {
  const clouds = await startKeystones(t)
  const identity = serviceAt(t, clouds, user('glance', 'service'))
  await t.throwsAsync(identity.access(sp1), {
    code: 'NO_PROJECT_AT_SERVICE_PROVIDER',
    message: /\[sp_sp1\] a username, password and project_name/,
  })
})

test('with credentials of a cloud the identity provider is not asked', async t => {
  const clouds = await startKeystones(t)
  const identity = serviceAt(t, clouds, user('demo', 'demo'), user('nobody', 'demo'))
  const error = await t.throwsAsync(identity.access(sp1), { code: 'NOT_AUTHENTICATED' })
  t.regex(error.message, /logging in as "nobody" on project "demo"/)
  t.notRegex(error.message, /nobody-password/)
  t.is(logins(clouds.idp), 0)
  t.is(logins(clouds.sp), 1)
})

test('the error for a missing service user says what to configure', async t => {
  const clouds = await startKeystones(t)
  await t.throwsAsync(serviceAt(t, clouds, null).access(IDENTITY_PROVIDER), {
    code: 'NOT_AUTHENTICATED',
    message: /no user of its own for "default"/,
  })
})

test('a token of the service user is shared, and replaced before it expires', async t => {
  const clouds = await startKeystones(t)
  const identity = serviceAt(t, clouds, user('demo', 'demo'))
  const access = () => identity.access(IDENTITY_PROVIDER)
  const [one, other] = await Promise.all([access(), access()])
  t.is(one.token, other.token)
  clouds.passMs(3_600_000 - 91_000)
  t.is((await access()).token, one.token)
  t.is(logins(clouds.idp), 1)
  clouds.passMs(2_000)
  const [fresh, same] = await Promise.all([access(), access()])
  t.not(fresh.token, one.token)
  t.is(fresh.token, same.token)
  t.is(logins(clouds.idp), 2)
})

test('a rejected token of the service user is not used again, and no other is dropped', async t => {
  const clouds = await startKeystones(t)
  const identity = serviceAt(t, clouds, user('demo', 'demo'))
  const { token } = await identity.access(IDENTITY_PROVIDER)
  identity.forget(IDENTITY_PROVIDER, token)
  const fresh = await identity.access(IDENTITY_PROVIDER)
  t.not(fresh.token, token)
  identity.forget(IDENTITY_PROVIDER, token)
  t.is((await identity.access(IDENTITY_PROVIDER)).token, fresh.token)
})

test('a login of the service user that failed is repeated', async t => {
  const clouds = await startKeystones(t)
  let failures = 1
  clouds.idp.answer(({ path }) => {
    if (!path.endsWith('/auth/tokens') || failures === 0) return undefined
    failures -= 1
    return { status: 503 }
  })
  const identity = serviceAt(t, clouds, user('demo', 'demo'))
  await t.throwsAsync(identity.access(IDENTITY_PROVIDER), { code: 'IDENTITY_UNAVAILABLE' })
  await t.notThrowsAsync(identity.access(IDENTITY_PROVIDER))
})
