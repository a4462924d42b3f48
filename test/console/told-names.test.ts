import test from 'ava'
import type { OpsVisitor } from '../../src/api/visitor.js'
import { createToldNames } from '../../src/console/told-names.js'
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

test('who sees everything knows all names, and a reader those of its own', t => {
  const told = createToldNames()
  told.add(admin, [project(alice, 'demo'), project(bob, 'secret')])
  told.add(reader, [])
  const all = told.namesFor(admin)
  t.deepEqual([...all.projects.values()], ['demo', 'secret'])
  t.deepEqual([...all.users.values()], ['root', 'alice'])
  const own = told.namesFor(reader)
  t.deepEqual([...own.projects.values()], ['demo'])
  t.deepEqual([...own.users.values()], ['alice'])
})

test('the oldest names are forgotten, and one that is told again is new', t => {
  const told = createToldNames(2)
  told.add(admin, [project(alice, 'demo'), project(bob, 'other')])
  told.add(admin, [project(alice, 'renamed')])
  const third = projectId('c0c00000000000000000000000000003')
  told.add(admin, [project(third, 'third')])
  t.deepEqual([...told.namesFor(admin).projects.values()], ['renamed', 'third'])
})
