import { createHash } from 'node:crypto'
import test from 'ava'
import type { Federation } from '../../sandbox/federation.js'
import { people } from '../../sandbox/people.js'
import { Token } from '../../src/identity/token.js'
import { createOpsAdmission } from '../../src/process/ops-admission.js'
import { logIn, startClouds } from '../sandbox/clouds.js'
import { configOf } from './federated-config.js'

const logger = { debug: () => {}, warn: () => {} }

/** A token of a user of the identity provider. */
async function tokenOf(
  federation: Federation,
  user: (typeof people)[keyof typeof people],
): Promise<Token> {
  return new Token((await logIn(federation.cloud('default'), user)).token)
}

/** As the sandbox makes the ids of its projects. */
const projectAt = (cloud: string, name: string) =>
  createHash('sha256').update(`${cloud}/project/${name}`).digest('hex').slice(0, 32)

test('a reader is admitted with its project at the identity provider and at every other cloud', async t => {
  const federation = await startClouds(t)
  const config = configOf(t, federation)
  await using admission = createOpsAdmission({ auth: 'keystone', config: () => config, logger })
  const visitor = await admission.admit(await tokenOf(federation, people.demo))
  t.deepEqual(visitor.viewer, [
    { service_provider: 'default', project: projectAt('default', 'demo') },
    { service_provider: 'sp1', project: projectAt('sp1', 'demo') },
    { service_provider: 'sp2', project: projectAt('sp2', 'demo') },
  ])
})

test('a cloud that does not answer leaves a reader with the projects of the others', async t => {
  const federation = await startClouds(t)
  const config = configOf(t, federation, { OS_SP_SP2__AUTH_URL: 'http://127.0.0.1:9/v3' })
  await using admission = createOpsAdmission({ auth: 'keystone', config: () => config, logger })
  const { viewer } = await admission.admit(await tokenOf(federation, people.demo))
  t.deepEqual(viewer !== 'all' && viewer.map(({ service_provider }) => service_provider), [
    'default',
    'sp1',
  ])
})

test('a user with an admin role sees everything, and a wrong token is rejected', async t => {
  const federation = await startClouds(t)
  const config = configOf(t, federation)
  await using admission = createOpsAdmission({ auth: 'keystone', config: () => config, logger })
  t.is((await admission.admit(await tokenOf(federation, people.admin))).viewer, 'all')
  await t.throwsAsync(admission.admit(new Token('wrong')), { code: 'NOT_AUTHENTICATED' })
  await t.throwsAsync(admission.admit(null), { code: 'NOT_AUTHENTICATED' })
  const mixmatch = await tokenOf(federation, people.mixmatch)
  await t.throwsAsync(admission.admit(mixmatch), { code: 'FORBIDDEN' })
})

test('a reload does not open a port that needs tokens to everybody', async t => {
  const federation = await startClouds(t)
  const config = configOf(t, federation, { OS_OPS__AUTH: 'none' })
  await using admission = createOpsAdmission({ auth: 'keystone', config: () => config, logger })
  await t.throwsAsync(admission.admit(null), { code: 'NOT_AUTHENTICATED' })
})

test('after a reload the roles of the new configuration are used', async t => {
  const federation = await startClouds(t)
  let config = configOf(t, federation)
  await using admission = createOpsAdmission({ auth: 'keystone', config: () => config, logger })
  const token = await tokenOf(federation, people.mixmatch)
  await t.throwsAsync(admission.admit(token), { code: 'FORBIDDEN' })
  config = configOf(t, federation, { OS_OPS__ADMIN_ROLES: 'service' })
  t.is((await admission.admit(token)).viewer, 'all')
})
