import test from 'ava'
import type { OpsVisitor } from '../../src/api/visitor.js'
import { createKeystoneNames } from '../../src/console/keystone-names.js'
import { projectId } from '../../src/ids.js'
import { alice, bob } from '../controls.js'
import { project } from '../http/federation.js'

const admin: OpsVisitor = {
  viewer: 'all',
  role: 'admin',
  userId: 'u1',
  userName: 'root',
  project: null,
  expiresAtMs: Number.POSITIVE_INFINITY,
}
const reader: OpsVisitor = {
  ...admin,
  viewer: [{ service_provider: 'default', project: alice }],
  role: 'reader',
  userId: 'u2',
  userName: 'alice',
}

test('an admin sees all names, and a reader those of its own projects', t => {
  const names = createKeystoneNames()
  names.add(admin, [project(alice, 'demo'), project(bob, 'secret')])
  names.add(reader, [])
  const all = names.namesFor(admin)
  t.deepEqual([...all.projects.values()], ['demo', 'secret'])
  t.deepEqual([...all.users.values()], ['root', 'alice'])
  const own = names.namesFor(reader)
  t.deepEqual([...own.projects.values()], ['demo'])
  t.deepEqual([...own.users.values()], ['alice'])
})

test('the oldest names are forgotten, and a name that Keystone gives again counts as new', t => {
  const names = createKeystoneNames(2)
  names.add(admin, [project(alice, 'demo'), project(bob, 'other')])
  names.add(admin, [project(alice, 'renamed')])
  const third = projectId('c0c00000000000000000000000000003')
  names.add(admin, [project(third, 'third')])
  t.deepEqual([...names.namesFor(admin).projects.values()], ['renamed', 'third'])
})
