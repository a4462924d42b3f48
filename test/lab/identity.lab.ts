import test from 'ava'
import { pino } from 'pino'
import { createIdentity } from '../../src/identity/keystone-identity.js'
import { openKeystones } from '../../src/identity/keystones.js'
import { Token } from '../../src/identity/token.js'
import { projectId, spName } from '../../src/ids.js'

// The real clouds and their users; see README.md.
const {
  LAB_IDP_AUTH_URL = 'http://127.0.0.1:5000/v3',
  LAB_SP_AUTH_URL = 'http://127.0.0.2:5000',
  LAB_SP_NAME = 'sp1',
} = process.env
const sp = spName(LAB_SP_NAME)

function openIdentity(spName: string, cacheSeconds: number) {
  const keystones = openKeystones({
    keystone: { authUrl: LAB_IDP_AUTH_URL },
    clouds: [{ name: sp, spName, authUrl: LAB_SP_AUTH_URL, allowedHosts: [], region: null }],
    timeouts: { connectTimeoutMs: 30_000, responseTimeoutMs: 30_000 },
  })
  test.after.always(() => keystones.close())
  const logger = pino({ enabled: false })
  return createIdentity({ keystones, cacheSeconds, now: Date.now, logger })
}

const identity = openIdentity(LAB_SP_NAME, 600)
const stranger = openIdentity('nobody', 0)

test('a user of the identity provider has its projects at the service provider', async t => {
  const token = await login('demo', 'demo')
  const caller = await identity.authenticate(token)
  t.is(caller.userName, 'demo')
  t.is(caller.project?.domainName, 'Default')

  const projects = await identity.projects(token, caller, sp)
  t.deepEqual(projects.map(({ name }) => name).sort(), ['demo', 'demo2'])
})

test('the Glance and Cinder of the service provider accept the token of a federated user', async t => {
  const token = await login('demo', 'demo')
  const caller = await identity.authenticate(token)
  for (const { id } of await identity.projects(token, caller, sp)) {
    const access = await identity.access(token, caller, sp, id)
    const headers = { 'X-Auth-Token': access.token.reveal() }
    const images = await fetch(`${access.endpoints.get('image')}/v2/images`, { headers })
    const volumes = await fetch(`${access.endpoints.get('volume')}/volumes`, { headers })
    t.deepEqual([images.status, volumes.status], [200, 200])
  }
})

test('a service user is not admitted', async t => {
  const token = await login('mixmatch', 'service')
  const caller = await identity.authenticate(token)
  t.deepEqual(await identity.projects(token, caller, sp), [])
})

test('a project of another user gives no access', async t => {
  const token = await login('demo', 'demo')
  const caller = await identity.authenticate(token)
  const elsewhere = projectId('0123456789abcdef0123456789abcdef')
  await t.throwsAsync(identity.access(token, caller, sp, elsewhere), {
    code: 'NO_PROJECT_AT_SERVICE_PROVIDER',
  })
})

test('an unscoped token is not federated, and an unknown token is rejected', async t => {
  const unscoped = await login('demo')
  const caller = await identity.authenticate(unscoped)
  await t.throwsAsync(identity.projects(unscoped, caller, sp), { code: 'FORBIDDEN' })
  const unknown = identity.authenticate(new Token('gAAAAABunknown'))
  await t.throwsAsync(unknown, { code: 'NOT_AUTHENTICATED' })
})

test('a revoked token is detected in the federated login', async t => {
  const token = await login('demo', 'demo')
  const caller = await identity.authenticate(token)
  const headers = { 'X-Auth-Token': token.reveal(), 'X-Subject-Token': token.reveal() }
  await fetch(`${LAB_IDP_AUTH_URL}/auth/tokens`, { method: 'DELETE', headers })
  await t.throwsAsync(identity.projects(token, caller, sp), { code: 'NOT_AUTHENTICATED' })
})

test('the error for a service provider that Keystone does not know names it', async t => {
  const token = await login('demo', 'demo')
  const caller = await stranger.authenticate(token)
  await t.throwsAsync(stranger.projects(token, caller, sp), {
    code: 'FEDERATION_FAILED',
    message: /"nobody".*Check sp_name/,
  })
})

/** The password of each user is `lab-USER`. */
async function login(name: string, project?: string): Promise<Token> {
  const domain = { id: 'default' }
  const password = { user: { name, domain, password: `lab-${name}` } }
  const scope = project === undefined ? 'unscoped' : { project: { name: project, domain } }
  const response = await fetch(`${LAB_IDP_AUTH_URL}/auth/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ auth: { identity: { methods: ['password'], password }, scope } }),
  })
  const secret = response.headers.get('X-Subject-Token')
  if (!secret) throw new Error(`${name} cannot log in: ${response.status} ${await response.text()}`)
  return new Token(secret)
}
