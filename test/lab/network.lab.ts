import { demoToken, lab, python } from './clients.js'
import { closingProofs, onFederationWith } from './federation.js'
import { url } from './mixmatch.js'

/** Mixmatch's user has the role of docs/network-extension.md at sp1, and is an administrator at default. */
const test = onFederationWith(
  {
    OS_SP_DEFAULT__ENABLED_SERVICES: 'image, volume, network',
    OS_SP_DEFAULT__USERNAME: 'admin',
    OS_SP_DEFAULT__PASSWORD: 'lab-admin',
    OS_SP_DEFAULT__PROJECT_NAME: 'admin',
    OS_SP_SP1__ENABLED_SERVICES: 'image, volume, network',
  },
  'serve',
)

test.before('both clouds have a Neutron', async () => {
  await lab('neutron', 'up')
})

test.after.always('the Neutrons are stopped', async () => {
  await lab('neutron', 'down')
})

test.serial('a network of demo at sp1 is extended to default, with the same segment', async t => {
  const id = await network('sp1', 'demo', 'create', 'theirs')
  const { token, project } = await demoToken()
  const response = await extend(token, { existing_net_id: id, name: 'ours' })
  t.is(response.status, 201, JSON.stringify(response.body))
  const extended = JSON.parse(await network('default', 'admin', 'show', response.body.network.id))
  const origin = JSON.parse(await network('sp1', 'admin', 'show', id))
  t.is(extended.name, 'ours')
  t.is(extended.project_id, project)
  t.is(extended['provider:network_type'], 'vxlan')
  t.is(extended['provider:segmentation_id'], origin['provider:segmentation_id'])

  const again = await extend(token, { existing_net_id: id })
  t.is(again.status, 409, JSON.stringify(again.body))
  const events = (await t.context.mixmatch.events()).filter(
    ({ event_type }) => event_type === 'mixmatch.network.extended',
  )
  t.is(events.length, 1)
  await network('default', 'admin', 'delete', extended.id)
  await network('sp1', 'admin', 'delete', id)
})

test.serial('a network of another project at sp1 is not extended', async t => {
  const id = await network('sp1', 'admin', 'create', 'of the administrator')
  const { token } = await demoToken()
  t.is((await extend(token, { existing_net_id: id })).status, 422)
  t.is((await extend(token, { existing_net_id: '0'.repeat(32) })).status, 422)
  await network('sp1', 'admin', 'delete', id)
})

closingProofs(test)

async function network(cloud: string, user: string, verb: string, what: string): Promise<string> {
  return (await python('network', cloud, user, verb, what)).trim()
}

async function extend(token: string, members: object) {
  const network = { existing_net_sp: 'sp1', ...members }
  const response = await fetch(`${url}/network/v2.0/networks/extended`, {
    method: 'POST',
    headers: { 'X-Auth-Token': token },
    body: JSON.stringify({ network }),
  })
  return { status: response.status, body: JSON.parse(await response.text()) }
}
