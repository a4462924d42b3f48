import test from 'ava'
import { projectId } from '../../src/ids.js'
import { parseRequest } from '../../src/routing/request.js'
import { alice, cornmeal } from '../controls.js'

const controlHeaders = (fields: Record<string, string | string[]>) =>
  parseRequest('GET', '/image/v2/images', fields).controlHeaders

test('the control headers name the cloud, the project and the proxies passed', t => {
  t.deepEqual(
    controlHeaders({
      'mm-service-provider': ' cornmeal ',
      'mm-project-id': 'A11CE000-0000-0000-0000-000000000001',
      'mm-proxy-list': 'home, , elsewhere ,',
    }),
    { serviceProvider: cornmeal, project: alice, proxyList: ['home', 'elsewhere'] },
  )
})

test('an empty control header counts as absent', t => {
  const nothing = { serviceProvider: null, project: null, proxyList: [] }
  t.deepEqual(controlHeaders({}), nothing)
  t.deepEqual(
    controlHeaders({ 'mm-service-provider': ' ', 'mm-project-id': '', 'mm-proxy-list': ' , ' }),
    nothing,
  )
})

test('a project in MM-PROJECT-ID that is not a UUID stays unchanged', t => {
  t.is(controlHeaders({ 'mm-project-id': 'Team-Blue' }).project, projectId('Team-Blue'))
})

test('a list of proxies may come in several headers', t => {
  t.deepEqual(controlHeaders({ 'mm-proxy-list': ['home', 'a, b'] }).proxyList, ['home', 'a', 'b'])
})
