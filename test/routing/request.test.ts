import test from 'ava'
import { projectId } from '../../src/ids.js'
import { parseRequest } from '../../src/routing/request.js'
import { alice, cornmeal } from '../controls.js'

const controlHeaders = (fields: Record<string, string | string[]>) =>
  parseRequest('GET', '/image/v2/images', fields).controlHeaders

test('the control headers say where, as whom, and where from', t => {
  t.deepEqual(
    controlHeaders({
      'mm-service-provider': ' cornmeal ',
      'mm-project-id': 'A11CE000-0000-0000-0000-000000000001',
      'mm-proxy-list': 'home, , elsewhere ,',
    }),
    { serviceProvider: cornmeal, project: alice, proxyList: ['home', 'elsewhere'] },
  )
})

test('a control header that is empty says no more than one that is absent', t => {
  const nothing = { serviceProvider: null, project: null, proxyList: [] }
  t.deepEqual(controlHeaders({}), nothing)
  t.deepEqual(
    controlHeaders({ 'mm-service-provider': ' ', 'mm-project-id': '', 'mm-proxy-list': ' , ' }),
    nothing,
  )
})

test('a project that is no UUID is taken as it is', t => {
  t.is(controlHeaders({ 'mm-project-id': 'Team-Blue' }).project, projectId('Team-Blue'))
})

test('a list of proxies may come in several headers', t => {
  t.deepEqual(controlHeaders({ 'mm-proxy-list': ['home', 'a, b'] }).proxyList, ['home', 'a', 'b'])
})
