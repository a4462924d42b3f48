import test, { type ExecutionContext } from 'ava'
import type { Credentials } from '../../src/config/credentials.js'
import { createServiceTokens } from '../../src/identity/service-tokens.js'
import { Token } from '../../src/identity/token.js'
import { identityOf, logbook, serviceAt, sp1, user } from './identities.js'
import { ids, type Keystones, startKeystones } from './keystones.js'

interface Users {
  readonly own?: Credentials | null
  readonly theirs?: Credentials | null
  readonly roles?: readonly string[]
}

/** Service tokens from the two Keystones, for these users of Mixmatch. It is closed at the end of the test. */
function tokensOf(
  t: ExecutionContext,
  clouds: Keystones,
  { own = null, theirs = null, roles = ['service'] }: Users,
) {
  const { logger, lines } = logbook()
  const used: string[] = []
  const tokens = createServiceTokens({
    authenticate: identityOf(t, clouds).identity.authenticate,
    identity: serviceAt(t, clouds, own, theirs, roles),
    roles,
    cacheSeconds: 600,
    now: clouds.now,
    onUse: (at, result) => used.push(`${at} ${result}`),
    logger,
  })
  const warnings = () => lines.map(line => JSON.parse(line)).filter(({ level }) => level === 40)
  return { tokens, used, warnings, log: () => lines.join('') }
}

const mixmatch = user('mixmatch', 'service')
const logins = ({ sp }: Keystones) => sp.asked().filter(each => each.startsWith('POST ')).length

test('a token with a service role belongs to a service', async t => {
  const clouds = await startKeystones(t)
  const { tokens } = tokensOf(t, clouds, {})
  const ofService = new Token(await clouds.login('glance'))
  t.true(await tokens.isService(ofService))
  t.false(await tokens.isService(new Token(await clouds.login('demo'))))
  t.false(await tokensOf(t, clouds, { roles: [] }).tokens.isService(ofService))
})

test('an unknown or expired service token is rejected', async t => {
  const clouds = await startKeystones(t)
  const { tokens } = tokensOf(t, clouds, {})
  const refusal = { code: 'NOT_AUTHENTICATED', message: /X-Service-Token/ }
  await t.throwsAsync(tokens.isService(new Token('guessed')), refusal)
  const service = new Token(await clouds.login('glance'))
  clouds.passMs(3_600_000)
  await t.throwsAsync(tokens.isService(service), refusal)
})

test('a Keystone that is down does not make a service token invalid', async t => {
  const clouds = await startKeystones(t)
  const service = new Token(await clouds.login('glance'))
  clouds.idp.answer(() => ({ status: 503 }))
  const { tokens } = tokensOf(t, clouds, {})
  await t.throwsAsync(tokens.isService(service), { code: 'IDENTITY_UNAVAILABLE' })
})

test('the service token at another cloud belongs to the user of [sp_…]', async t => {
  const clouds = await startKeystones(t)
  const { tokens, used, log } = tokensOf(t, clouds, { theirs: mixmatch })
  const token = await tokens.own(sp1)
  t.like(clouds.sp.keystone.validate(token?.reveal() ?? ''), {
    user: { name: 'mixmatch' },
    project: { id: ids.spService },
    roles: ['service'],
  })
  t.deepEqual(used, ['sp1 sent'])
  t.false(log().includes(token?.reveal() ?? ''))
})

test('the service token at another cloud belongs to the user of [auth] if the cloud admits it by federation', async t => {
  const clouds = await startKeystones(t)
  const token = await tokensOf(t, clouds, { own: mixmatch }).tokens.own(sp1)
  t.like(clouds.sp.keystone.validate(token?.reveal() ?? ''), { roles: ['service'] })
})

test('all requests share one service token, which is replaced before it expires', async t => {
  const clouds = await startKeystones(t)
  const { tokens } = tokensOf(t, clouds, { theirs: mixmatch })
  const [one, other] = await Promise.all([tokens.own(sp1), tokens.own(sp1)])
  t.is(one, other)
  clouds.passMs(3_400_000)
  t.is(await tokens.own(sp1), one)
  t.is(logins(clouds), 1)
  clouds.passMs(170_000)
  t.not(await tokens.own(sp1), one)
  t.is(logins(clouds), 2)
})

test('a rejected service token is replaced, but not twice in a few seconds', async t => {
  const clouds = await startKeystones(t)
  const { tokens } = tokensOf(t, clouds, { theirs: mixmatch })
  const refused = await tokens.own(sp1)
  tokens.forget(sp1)
  t.is(await tokens.own(sp1), refused)
  clouds.passMs(5_000)
  tokens.forget(sp1)
  t.not(await tokens.own(sp1), refused)
})

for (const [why, users, complaint] of [
  ['Mixmatch has no user there', {}, /no user of its own for "sp1"/],
  ['its user is not admitted', { own: user('glance', 'service') }, /not admitted there/],
  ['its password is refused', { theirs: user('mixmatch', 'service', 'old') }, /logging in as/],
  ['its user is no service there', { theirs: user('mixmatch', 'demo') }, /none of the roles/],
] as const)
  test(`no service token is sent where ${why}: one warning, and another try later`, async t => {
    const clouds = await startKeystones(t)
    const { tokens, used, warnings } = tokensOf(t, clouds, users)
    t.is(await tokens.own(sp1), null)
    const asked = clouds.sp.received.length + clouds.idp.received.length
    t.is(await tokens.own(sp1), null)
    t.is(clouds.sp.received.length + clouds.idp.received.length, asked)
    t.deepEqual(used, ['sp1 left_out', 'sp1 left_out'])
    clouds.passMs(10_000)
    t.is(await tokens.own(sp1), null)
    t.is(warnings().length, 1)
    t.regex(warnings()[0].msg, complaint)
  })

test('a service role that is granted later counts at the next try', async t => {
  const clouds = await startKeystones(t)
  const { tokens } = tokensOf(t, clouds, { theirs: user('mixmatch', 'demo') })
  t.is(await tokens.own(sp1), null)
  clouds.passMs(10_000)
  t.is(await tokens.own(sp1), null)
  t.is(logins(clouds), 2)
})

test('a service token is sent again when the Keystone of the cloud is back', async t => {
  const clouds = await startKeystones(t)
  let isDown = true
  clouds.sp.answer(() => (isDown ? { status: 503 } : undefined))
  const { tokens } = tokensOf(t, clouds, { theirs: mixmatch })
  t.is(await tokens.own(sp1), null)
  isDown = false
  clouds.passMs(10_000)
  t.truthy(await tokens.own(sp1))
})
