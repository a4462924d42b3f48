import test, { type ExecutionContext } from 'ava'
import type { FederationOptions } from '../../sandbox/federation.js'
import { people } from '../../sandbox/people.js'
import { untilTrue } from '../until.js'
import { call, logIn, publishedTypes, readPublished, startClouds } from './clouds.js'

const NEWEST = { 'OpenStack-API-Version': 'volume 3.70' }

/** One cloud, and demo at its Cinder. */
async function cinder(t: ExecutionContext, options: FederationOptions = {}) {
  const { clouds } = await startClouds(t, { clouds: ['default'], ...options })
  const [cloud] = clouds
  if (!cloud) throw new Error('there is a cloud')
  const demo = await logIn(cloud)
  const base = `${cloud.volumeUrl}/v3/${demo.project}`
  const create = async (fields: object = {}) => {
    const json = { volume: { size: 1, ...fields } }
    return (await demo.call('POST', `${base}/volumes`, { json })).json.volume.id as string
  }
  const becomes = (path: string, status: string) =>
    untilTrue(async () => {
      const { json } = await demo.call('GET', `${base}/${path}`)
      return (json.volume ?? json.snapshot)?.status === status
    })
  const gone = (path: string) =>
    untilTrue(async () => (await demo.call('GET', `${base}/${path}`)).status === 404)
  const ready = async (fields: object = {}) => {
    const id = await create(fields)
    await becomes(`volumes/${id}`, 'available')
    return id
  }
  return { cloud, demo, base, create, ready, becomes, gone }
}

test('Cinder shows its versions at the root without a token, and below it only with one', async t => {
  const { cloud, demo } = await cinder(t)
  const root = await call('GET', `${cloud.volumeUrl}/`)
  t.is(root.status, 300)
  t.like(root.json.versions[0], { id: 'v3.0', version: '3.70', min_version: '3.0' })
  t.is((await call('GET', `${cloud.volumeUrl}/v3/`)).status, 401)
  t.is((await demo.call('GET', `${cloud.volumeUrl}/v3/`)).status, 200)
})

test('a volume is creating, then available, and gone shortly after its delete', async t => {
  const { demo, base, becomes, gone } = await cinder(t, { jobDelayMs: 2_000 })
  const json = { volume: { name: 'disk', size: '2', metadata: { a: 'b' } } }
  const created = await demo.call('POST', `${base}/volumes`, { json })
  t.is(created.status, 202)
  const { id } = created.json.volume
  t.like(created.json.volume, { status: 'creating', size: 2, name: 'disk', metadata: { a: 'b' } })
  t.is(created.json.volume.links[0].href, `${base}/volumes/${id}`)
  t.is((await demo.call('DELETE', `${base}/volumes/${id}`)).status, 400)
  await becomes(`volumes/${id}`, 'available')
  t.is((await demo.call('DELETE', `${base}/volumes/${id}`)).status, 202)
  await gone(`volumes/${id}`)
})

test('a volume is renamed, extended, given metadata', async t => {
  const { demo, base, ready, becomes } = await cinder(t, { jobDelayMs: 2_000 })
  const id = await ready()
  const volume = `${base}/volumes/${id}`
  const action = (json: object) => demo.call('POST', `${volume}/action`, { json })
  await demo.call('PUT', volume, { json: { volume: { display_name: 'renamed' } } })
  t.is((await action({ 'os-extend': { new_size: 3 } })).status, 202)
  t.is((await action({ 'os-extend': { new_size: 4 } })).status, 400)
  await becomes(`volumes/${id}`, 'available')
  t.is((await action({ 'os-extend': { new_size: 3 } })).status, 400)
  await demo.call('POST', `${volume}/metadata`, { json: { metadata: { a: '1', b: '2' } } })
  t.is((await demo.call('DELETE', `${volume}/metadata/a`)).status, 200)
  t.is((await demo.call('DELETE', `${volume}/metadata/a`)).status, 404)
  const shown = (await demo.call('GET', volume)).json.volume
  t.like(shown, { name: 'renamed', size: 3, metadata: { b: '2' } })
  const unknown = await action({ 'os-paint': {} })
  t.like(unknown.json, { badRequest: { code: 400 } })
  t.regex(unknown.json.badRequest.message, /no such action: os-paint/)
})

test('a snapshot keeps its volume from being deleted', async t => {
  const { demo, base, ready, becomes, gone } = await cinder(t)
  const id = await ready()
  const json = { snapshot: { volume_id: id, name: 'then' } }
  const created = await demo.call('POST', `${base}/snapshots`, { json })
  t.is(created.status, 202)
  const snapshot = created.json.snapshot.id
  await becomes(`snapshots/${snapshot}`, 'available')
  t.is((await demo.call('DELETE', `${base}/volumes/${id}`)).status, 400)
  const { json: shown } = await demo.call('GET', `${base}/snapshots/${snapshot}`)
  t.is(shown.snapshot['os-extended-snapshot-attributes:project_id'], demo.project)
  const copy = await demo.call('POST', `${base}/volumes`, {
    json: { volume: { snapshot_id: snapshot } },
  })
  t.like(copy.json.volume, { size: 1, snapshot_id: snapshot })
  t.is((await demo.call('DELETE', `${base}/snapshots/${snapshot}`)).status, 202)
  await gone(`snapshots/${snapshot}`)
  t.is((await demo.call('DELETE', `${base}/volumes/${id}`)).status, 202)
})

test('Cinder rejects invalid bodies with its own messages', async t => {
  const { demo, base, create } = await cinder(t, { jobDelayMs: 2_000 })
  const post = (json: object) => demo.call('POST', `${base}/volumes`, { json })
  const none = '10c958f3-2282-40d1-b754-afbad92ed84b'
  t.is((await post({ volume: { size: 'a' } })).status, 400)
  t.is((await post({ volume: { size: 0 } })).status, 400)
  t.is((await post({ volume: {} })).status, 400)
  t.is((await post({ volume: { size: 1, volume_type: 'gold' } })).status, 404)
  t.like((await post({ volume: { snapshot_id: none } })).json, { itemNotFound: { code: 404 } })
  t.is((await post({ volume: { source_volid: none } })).status, 404)
  const much = await post({ volume: { size: 2000 } })
  t.like(much.json, { overLimit: { code: 413 } })
  t.is(much.headers.get('Retry-After'), '0')
  const snapshot = { snapshot: { volume_id: await create() } }
  t.is((await demo.call('POST', `${base}/snapshots`, { json: snapshot })).status, 400)
})

test('the project in the path must be that of the token, or absent', async t => {
  const { cloud, demo, create } = await cinder(t)
  const id = await create()
  const other = await demo.call('GET', `${cloud.volumeUrl}/v3/${'0'.repeat(32)}/volumes`)
  t.is(other.status, 400)
  t.deepEqual(other.json, { badRequest: { code: 400, message: 'Malformed request url' } })
  const none = await demo.call('GET', `${cloud.volumeUrl}/v3/volumes/${id}`)
  t.is(none.json.volume.links[0].href, `${cloud.volumeUrl}/v3/volumes/${id}`)
})

test("another project's volume is not found, and an administrator's list has it when asked to", async t => {
  const { cloud, base, create } = await cinder(t)
  const id = await create()
  const list = async (user: { name: string; password: string; project: string }, query: string) => {
    const { call, project } = await logIn(cloud, user)
    const url = `${cloud.volumeUrl}/v3/${project}/volumes`
    return {
      found: (await call('GET', `${url}/${id}`)).status,
      ...(await call('GET', url + query)),
    }
  }
  const other = await list(people.altDemo, '?all_tenants=1')
  t.is(other.found, 404)
  t.deepEqual(other.json.volumes, [])
  t.deepEqual((await list(people.admin, '')).json.volumes, [])
  t.is((await list(people.admin, '?all_tenants=1')).json.volumes[0].id, id)
  t.is((await call('GET', `${base}/volumes`)).status, 401)
})

test('lists are paged by absolute links', async t => {
  const { demo, base, create } = await cinder(t)
  for (const name of ['b', 'c', 'a']) await create({ name })
  const names = (json: { volumes: { name: string }[] }) => json.volumes.map(({ name }) => name)
  const first = (await demo.call('GET', `${base}/volumes?limit=2&sort=name:asc`)).json
  t.deepEqual(names(first), ['a', 'b'])
  const [next] = first.volumes_links
  t.is(next.rel, 'next')
  t.deepEqual(names((await demo.call('GET', next.href)).json), ['c'])
  t.deepEqual(names((await demo.call('GET', `${base}/volumes/detail`)).json), ['a', 'c', 'b'])
  t.is((await demo.call('GET', `${base}/volumes?marker=none`)).status, 404)
  t.is((await demo.call('GET', `${base}/volumes?limit=-1`)).status, 400)
})

test('a microversion is echoed, brings its fields, and is 406 beyond the newest', async t => {
  const { demo, base, create } = await cinder(t)
  const url = `${base}/volumes/${await create()}`
  const oldest = await demo.call('GET', url)
  const newest = await demo.call('GET', url, { headers: NEWEST })
  t.is(oldest.headers.get('OpenStack-API-Version'), 'volume 3.0')
  t.is(newest.headers.get('OpenStack-API-Version'), 'volume 3.70')
  t.false('volume_type_id' in oldest.json.volume)
  t.true('volume_type_id' in newest.json.volume)
  const latest = { 'OpenStack-API-Version': 'compute 2.1, volume latest' }
  const { headers } = await demo.call('GET', url, { headers: latest })
  t.is(headers.get('OpenStack-API-Version'), 'volume 3.70')
  const beyond = { 'OpenStack-API-Version': 'volume 3.71' }
  t.is((await demo.call('GET', url, { headers: beyond })).status, 406)
  const noVersion = { 'OpenStack-API-Version': 'volume three' }
  t.is((await demo.call('GET', url, { headers: noVersion })).status, 400)
  t.is((await demo.call('GET', `${base}/volumes/summary`)).status, 404)
  const summary = await demo.call('GET', `${base}/volumes/summary`, { headers: NEWEST })
  t.like(summary.json, { 'volume-summary': { total_count: 1, total_size: 1 } })
})

test('only an administrator resets a status', async t => {
  const { cloud, demo, base, ready } = await cinder(t)
  const id = await ready()
  const json = { 'os-reset_status': { status: 'error' } }
  t.is((await demo.call('POST', `${base}/volumes/${id}/action`, { json })).status, 403)
  const admin = await logIn(cloud, people.admin)
  const url = `${cloud.volumeUrl}/v3/${admin.project}/volumes/${id}/action`
  t.is((await admin.call('POST', url, { json })).status, 202)
  t.is((await demo.call('GET', `${base}/volumes/${id}`)).json.volume.status, 'error')
})

test('Cinder notifies each step of a volume, with the requesting user and the publishing service', async t => {
  const { cloud, demo, base, ready, becomes, gone } = await cinder(t)
  const id = await ready()
  const volume = `${base}/volumes/${id}`
  const globalId = 'req-00000000-0000-4000-8000-000000000001'
  await demo.call('PUT', volume, {
    json: { volume: { name: 'renamed' } },
    headers: { 'X-Openstack-Request-Id': globalId },
  })
  await demo.call('POST', `${volume}/action`, { json: { 'os-extend': { new_size: 2 } } })
  await becomes(`volumes/${id}`, 'available')
  await demo.call('DELETE', volume)
  await gone(`volumes/${id}`)
  await untilTrue(() => publishedTypes(cloud).includes('volume.delete.end'))
  t.deepEqual(
    readPublished(cloud).map(({ message: m }) => [m.event_type, m.publisher_id, m.payload.status]),
    [
      ['volume.create.start', 'volume.default@lvm#lvm', 'creating'],
      ['volume.create.end', 'volume.default@lvm#lvm', 'available'],
      ['volume.update.start', 'volume.default', 'available'],
      ['volume.update.end', 'volume.default', 'available'],
      ['volume.resize.start', 'volume.default@lvm', 'extending'],
      ['volume.resize.end', 'volume.default@lvm', 'available'],
      ['volume.delete.start', 'volume.default@lvm', 'deleting'],
      ['volume.delete.end', 'volume.default@lvm', 'deleted'],
    ],
  )
  const [update] = readPublished(cloud).filter(
    ({ message }) => message.event_type === 'volume.update.end',
  )
  t.like(update?.message, {
    payload: { volume_id: id, tenant_id: demo.project, display_name: 'renamed' },
    _context_project_id: demo.project,
    _context_global_request_id: globalId,
    _context_auth_token: demo.token, // as older clouds send it: this must not reach a log
  })
})
