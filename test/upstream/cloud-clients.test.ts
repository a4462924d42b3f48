import test from 'ava'
import { pino } from 'pino'
import { readConfig } from '../../src/config/config.js'
import { Token } from '../../src/identity/token.js'
import { createUserClients, openCloudClients } from '../../src/upstream/cloud-clients.js'
import { folder } from '../controls.js'
import { sp1 } from '../identity/identities.js'
import { startKeystones } from '../identity/keystones.js'

test('the clients of a configuration act for users and for Mixmatch itself, and end together', async t => {
  const { idp, sp, login } = await startKeystones(t)
  const env = {
    OS_DEFAULT__SERVICE_PROVIDERS: 'default, sp1',
    OS_AUTH__AUTH_URL: idp.url,
    OS_AUTH__USERNAME: 'mixmatch',
    OS_AUTH__PASSWORD: 'mixmatch-password',
    OS_AUTH__PROJECT_NAME: 'service',
    OS_SP_DEFAULT__IMAGE_ENDPOINT: idp.url,
    OS_SP_DEFAULT__VOLUME_ENDPOINT: idp.url,
    OS_SP_SP1__AUTH_URL: sp.url,
  }
  const config = readConfig({ cwd: folder(t), env })
  const token = new Token(await login())
  let open = 0
  idp.server.on('connection', socket => {
    open += 1
    socket.once('close', () => {
      open -= 1
    })
  })
  {
    await using clients = openCloudClients(config)
    const { identity } = createUserClients(config, clients, { logger: pino({ level: 'silent' }) })
    const caller = await identity.authenticate(token)
    const projects = await identity.projects(token, caller, sp1)
    t.deepEqual(
      projects.map(({ name }) => name),
      ['demo', 'demo2'],
    )
    const { project, roles } = await clients.serviceIdentity(['service']).access(sp1)
    t.deepEqual([project.name, roles], ['service', ['service']])
    t.true(open > 0)
  }
  while (open > 0) await new Promise(resolve => setImmediate(resolve))
  t.is(open, 0)
})
