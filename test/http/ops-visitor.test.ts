import test from 'ava'
import { MixmatchError } from '../../src/errors.js'
import { createAdmission } from '../../src/http/ops-visitor.js'
import type { Caller } from '../../src/identity/identity.js'
import { Token } from '../../src/identity/token.js'
import { alice, bob } from '../controls.js'
import { caller } from './federation.js'

const parts = {
  adminRoles: ['admin'],
  readerRoles: ['reader', 'auditor'],
  cacheSeconds: 600,
  projectsElsewhere: async () => [{ service_provider: 'sp1', project: bob }],
}

function admit(fields: Partial<Caller>) {
  const authenticate = async () => ({ ...caller, ...fields })
  return createAdmission({ ...parts, authenticate })(new Token('good'))
}

test('the role admin sees all projects, a reader its own one and those that belong to it elsewhere', async t => {
  t.like(await admit({ roles: ['member', 'admin'] }), { viewer: 'all', role: 'admin' })
  const viewer = [
    { service_provider: 'default', project: alice },
    { service_provider: 'sp1', project: bob },
  ]
  t.like(await admit({ roles: ['auditor'] }), { viewer, role: 'reader', userId: 'user-1' })
})

test('a token without one of the roles, or a reader without a project, is refused', async t => {
  await t.throwsAsync(admit({ roles: ['member'] }), {
    code: 'FORBIDDEN',
    message: /admin, reader, auditor/,
  })
  await t.throwsAsync(admit({ roles: ['reader'], project: null }), { code: 'FORBIDDEN' })
})

test('a missing or invalid token is refused', async t => {
  const authenticate = async () => {
    throw new MixmatchError('NOT_AUTHENTICATED', 'The token is not valid.')
  }
  const refuse = createAdmission({ ...parts, authenticate })
  await t.throwsAsync(refuse(null), { code: 'NOT_AUTHENTICATED', message: /X-Auth-Token/ })
  await t.throwsAsync(refuse(new Token('bad')), { code: 'NOT_AUTHENTICATED' })
})
