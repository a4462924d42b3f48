import { createHash, randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { request } from 'node:http'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { people } from '../../sandbox/people.js'
import { untilTrue } from '../until.js'
import { call, logIn, publishedTypes, readPublished, startClouds } from './clouds.js'

const PATCH = { 'Content-Type': 'application/openstack-images-v2.1-json-patch' }
const OCTETS = { 'Content-Type': 'application/octet-stream' }
const small = { name: 'small', disk_format: 'raw', container_format: 'bare' }

/** One cloud, and demo at its Glance. */
async function glance(t: ExecutionContext) {
  const { clouds } = await startClouds(t, { clouds: ['default'] })
  const [cloud] = clouds
  if (!cloud) throw new Error('there is a cloud')
  const demo = await logIn(cloud)
  const images = `${cloud.imageUrl}/v2/images`
  const create = async (fields: object = {}) =>
    (await demo.call('POST', images, { json: { ...small, ...fields } })).json.id as string
  return { cloud, demo, images, create }
}

test('Glance shows its versions without a token, and nothing else', async t => {
  const { cloud, images } = await glance(t)
  const root = await call('GET', `${cloud.imageUrl}/`)
  t.is(root.status, 300)
  t.is(root.json.versions[0].links[0].href, `${cloud.imageUrl}/v2/`)
  t.is((await call('GET', `${cloud.imageUrl}/versions`)).status, 200)
  const refused = await call('GET', images)
  t.is(refused.status, 401)
  t.is(refused.headers.get('WWW-Authenticate'), `Keystone uri="${cloud.keystoneUrl}"`)
})

test('an image is created, shown, listed, changed and deleted', async t => {
  const { demo, images } = await glance(t)
  const created = await demo.call('POST', images, { json: { ...small, os_distro: 'debian' } })
  t.is(created.status, 201)
  t.is(created.headers.get('Location'), `${images}/${created.json.id}`)
  t.like(created.json, { status: 'queued', visibility: 'shared', owner: demo.project })
  t.like(created.json, { os_distro: 'debian', size: null, file: `${created.json.self}/file` })

  const image = `${images}/${created.json.id}`
  const changed = await demo.call('PATCH', image, {
    headers: PATCH,
    body: JSON.stringify([
      { op: 'replace', path: '/name', value: 'renamed' },
      { op: 'add', path: '/color', value: 'blue' },
      { op: 'remove', path: '/os_distro' },
    ]),
  })
  t.is(changed.status, 200)
  t.like(changed.json, { name: 'renamed', color: 'blue' })
  t.false('os_distro' in changed.json)
  t.is((await demo.call('PUT', `${image}/tags/here`)).status, 204)
  t.deepEqual((await demo.call('GET', image)).json.tags, ['here'])
  t.is((await demo.call('DELETE', `${image}/tags/here`)).status, 204)
  t.is((await demo.call('DELETE', `${image}/tags/here`)).status, 404)

  t.deepEqual((await demo.call('GET', images)).json.images.length, 1)
  t.is((await demo.call('DELETE', image)).status, 204)
  t.is((await demo.call('GET', image)).status, 404)
})

test('uploaded image data is downloaded unchanged, whole and by range', async t => {
  const { demo, images, create } = await glance(t)
  const file = `${images}/${await create()}/file`
  const bytes = randomBytes(300_000)
  t.is((await demo.call('GET', file)).status, 204)
  t.is((await demo.call('PUT', file, { body: bytes, headers: OCTETS })).status, 204)

  const md5 = createHash('md5').update(bytes).digest('hex')
  const whole = await demo.call('GET', file)
  t.deepEqual(whole.bytes, bytes)
  t.is(whole.headers.get('Content-MD5'), md5)
  const shown = (await demo.call('GET', file.replace('/file', ''))).json
  t.like(shown, { status: 'active', size: bytes.length, checksum: md5, os_hash_algo: 'sha512' })

  const ranges = [
    ['bytes=10-19', 10, 20],
    ['bytes=299990-', 299_990, 300_000],
    ['bytes=-5', 299_995, 300_000],
    ['bytes=0-9999999', 0, 300_000],
  ] as const
  for (const [range, start, end] of ranges) {
    const part = await demo.call('GET', file, { headers: { Range: range } })
    t.is(part.status, 206)
    t.is(part.headers.get('Content-Range'), `bytes ${start}-${end - 1}/300000`)
    t.deepEqual(part.bytes, bytes.subarray(start, end))
  }
  const beyond = await demo.call('GET', file, { headers: { Range: 'bytes=300000-' } })
  t.is(beyond.status, 416)
  t.is((await demo.call('GET', file, { headers: { Range: 'bytes=0-1,3-4' } })).status, 400)
  t.is((await demo.call('GET', file, { headers: { Range: 'lines=1-2' } })).status, 400)
})

test('an image may have no bytes', async t => {
  const { demo, images, create } = await glance(t)
  const file = `${images}/${await create()}/file`
  t.is((await demo.call('PUT', file, { body: '', headers: OCTETS })).status, 204)
  const empty = await demo.call('GET', file)
  t.is(empty.status, 200)
  t.is(empty.bytes.length, 0)
})

test('image data is uploaded once, and only as application/octet-stream', async t => {
  const { demo, images, create } = await glance(t)
  const file = `${images}/${await create()}/file`
  t.is((await demo.call('PUT', file, { json: {} })).status, 415)
  t.is((await demo.call('PUT', file, { body: 'first', headers: OCTETS })).status, 204)
  t.is((await demo.call('PUT', file, { body: 'second', headers: OCTETS })).status, 409)
  t.is((await demo.call('GET', file)).text, 'first')
})

test('an aborted upload leaves the image queued and no file, and is notified as an error', async t => {
  const { cloud, demo, images, create } = await glance(t)
  const id = await create()
  await new Promise<void>(resolve => {
    const upload = request(`${images}/${id}/file`, {
      method: 'PUT',
      headers: { ...OCTETS, 'X-Auth-Token': demo.token, 'Content-Length': 1000 },
    })
    upload.on('error', () => resolve())
    upload.write('not all of it', () => setTimeout(() => upload.destroy(), 20))
  })
  await untilTrue(
    async () => publishedTypes(cloud).filter(type => type === 'image.upload').length === 1,
  )
  const { line, message } = readPublished(cloud).at(-1) ?? t.fail()
  t.is(line.routing_key, 'notifications.error')
  t.is(typeof message.payload, 'string')
  t.is((await demo.call('GET', `${images}/${id}`)).json.status, 'queued')
  t.deepEqual(readdirSync(join(dirname(fileURLToPath(cloud.messagebus)), 'default')), [])
})

test('a client may choose the id of an image, and a second create with it is a conflict', async t => {
  const { demo, images } = await glance(t)
  const id = '0fc6aa22-5b94-4a26-a0d8-2b1d9d7cbb5e'
  t.is((await demo.call('POST', images, { json: { ...small, id } })).json.id, id)
  t.is((await demo.call('POST', images, { json: { ...small, id } })).status, 409)
  t.is((await demo.call('POST', images, { json: { ...small, id: 'mine' } })).status, 400)
})

test('Glance rejects properties that only Glance or an administrator may set', async t => {
  const { cloud, demo, images, create } = await glance(t)
  t.is((await demo.call('POST', images, { json: { status: 'active' } })).status, 403)
  t.is((await demo.call('POST', images, { json: { visibility: 'public' } })).status, 403)
  t.is((await demo.call('POST', images, { json: { disk_format: 'floppy' } })).status, 400)
  t.is((await demo.call('POST', images, { body: '{no json' })).status, 400)

  const image = `${images}/${await create()}`
  const patch = async (...changes: object[]) =>
    (await demo.call('PATCH', image, { headers: PATCH, body: JSON.stringify(changes) })).status
  t.is(await patch({ op: 'replace', path: '/checksum', value: 'x' }), 403)
  t.is(await patch({ op: 'replace', path: '/id', value: 'x' }), 403)
  t.is(await patch({ op: 'remove', path: '/name' }), 403)
  t.is(await patch({ op: 'replace', path: '/nothing', value: 'x' }), 409)
  t.is(await patch({ op: 'add', path: '/a/b', value: 'x' }), 400)
  t.is((await demo.call('PATCH', image, { json: [] })).status, 415)

  const admin = await logIn(cloud, people.admin)
  const all = await admin.call('POST', images, { json: { ...small, visibility: 'public' } })
  t.is(all.status, 201)
})

test('a protected image cannot be deleted', async t => {
  const { demo, images, create } = await glance(t)
  t.is((await demo.call('DELETE', `${images}/${await create({ protected: true })}`)).status, 403)
})

test('another project sees public images, and gets 404 for all others', async t => {
  const { cloud, demo, images, create } = await glance(t)
  const admin = await logIn(cloud, people.admin)
  const other = await logIn(cloud, people.altDemo)
  const own = await create()
  const shared = { ...small, visibility: 'public' }
  const open = (await admin.call('POST', images, { json: shared })).json.id
  t.is((await other.call('GET', `${images}/${open}`)).status, 200)
  t.is((await other.call('DELETE', `${images}/${open}`)).status, 403)
  const hidden = await other.call('GET', `${images}/${own}`)
  t.is(hidden.status, 404)
  t.is(hidden.text, (await demo.call('GET', `${images}/${own}x`)).text.replace(`${own}x`, own))
  t.is((await other.call('DELETE', `${images}/${own}`)).status, 404)
  const listed = (await other.call('GET', images)).json.images
  t.deepEqual(
    listed.map(({ id }: { id: string }) => id),
    [open],
  )
})

test('image lists are paged by limit and marker, in the requested order', async t => {
  const { demo, images, create } = await glance(t)
  for (const name of ['b', 'c', 'a']) await create({ name })
  const names = async (query: string) => {
    const { json } = await demo.call('GET', `${images}${query}`)
    return { names: json.images.map(({ name }: { name: string }) => name), next: json.next }
  }
  t.deepEqual((await names('')).names, ['a', 'c', 'b'])
  t.deepEqual((await names('?sort=name:asc')).names, ['a', 'b', 'c'])
  t.deepEqual((await names('?sort_key=name&sort_dir=desc')).names, ['c', 'b', 'a'])
  t.deepEqual((await names('?name=in:a,b')).names, ['a', 'b'])
  const first = await names('?sort=name:asc&limit=2')
  t.deepEqual(first.names, ['a', 'b'])
  t.regex(first.next, /^\/v2\/images\?sort=name%3Aasc&limit=2&marker=/)
  t.deepEqual(await names(first.next.replace('/v2/images', '')), { names: ['c'], next: undefined })
  for (const bad of ['?limit=-1', '?limit=x', '?marker=none', '?sort=color', '?sort=name:up'])
    t.is((await demo.call('GET', `${images}${bad}`)).status, 400, bad)
})

test('Glance faults are HTML, or JSON if the client accepts it', async t => {
  const { demo, images } = await glance(t)
  const html = await demo.call('GET', `${images}/%3Cb%3E`)
  t.is(html.headers.get('Content-Type'), 'text/html; charset=UTF-8')
  t.regex(html.text, /<h1>404 Not Found<\/h1>\n {2}No image found with ID &#60;b&#62;<br/)
  const json = await demo.call('GET', `${images}/x`, { headers: { Accept: 'application/json' } })
  t.like(json.json, { code: '404 Not Found', title: 'Not Found' })
  t.regex(json.json.message, /^No image found with ID x<br/)
})

test('Glance notifies the steps of an image in order', async t => {
  const { cloud, demo, images, create } = await glance(t)
  const image = `${images}/${await create()}`
  await demo.call('PUT', `${image}/file`, { body: 'content', headers: OCTETS })
  await demo.call('GET', `${image}/file`)
  await untilTrue(() => publishedTypes(cloud).includes('image.send'))
  await demo.call('DELETE', image)
  t.deepEqual(publishedTypes(cloud), [
    'image.create',
    'image.update',
    'image.prepare',
    'image.upload',
    'image.activate',
    'image.send',
    'image.delete',
  ])
})

test('a rejected request sends no notification', async t => {
  const { cloud, demo, images } = await glance(t)
  await demo.call('POST', images, { json: { disk_format: 'floppy' } })
  await demo.call('DELETE', `${images}/none`)
  t.deepEqual(publishedTypes(cloud), [])
})
