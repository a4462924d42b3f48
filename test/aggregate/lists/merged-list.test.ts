import { isUtf8 } from 'node:buffer'
import test from 'ava'
import fc from 'fast-check'
import { createCursors, cursorKey } from '../../../src/aggregate/lists/cursor.js'
import { MixmatchError } from '../../../src/errors.js'
import { Token } from '../../../src/identity/token.js'
import { projectId, spName } from '../../../src/ids.js'
import { project, sp1, sp2 } from '../../http/federation.js'
import { alice, bob, carol, idp, say, startListCloud } from './list-cloud.js'
import { type ListedItem, listedItem } from './list-items.js'
import { startListProxy, withProjects } from './list-proxy.js'

const names = (things: readonly { name: string }[]) => things.map(({ name }) => name)
const token = { 'X-Auth-Token': 'good' }
const at = (version: string) => ({ ...token, 'OpenStack-API-Version': version })

/** Items 1, 3, 5 at the identity provider and 2, 4, 6 at sp1: the newest has the greatest number. */
async function twoClouds(t: Parameters<typeof startListCloud>[0]) {
  const home = await startListCloud(
    t,
    idp,
    [1, 3, 5].map(n => listedItem(n, { owner: alice })),
  )
  const far = await startListCloud(
    t,
    sp1,
    [2, 4, 6].map(n => listedItem(n, { owner: bob })),
  )
  return [home, far] as const
}

// What is listed

test('images of all clouds are one list, the newest first', async t => {
  const proxy = await startListProxy(t, await twoClouds(t))
  const { status, headers, json } = await proxy.get('/image/v2/images')
  t.is(status, 200)
  t.deepEqual(
    names(json.images),
    [6, 5, 4, 3, 2, 1].map(n => `thing ${n}`),
  )
  t.is(json.schema, '/v2/schemas/images')
  t.is(json.first, '/v2/images')
  t.is(json.next, undefined)
  t.is(headers.get('MM-Service-Provider'), 'default, sp1')
  t.is(headers.get('MM-Partial'), null)
  t.regex(headers.get('X-Openstack-Request-Id') ?? '', /^req-/)
})

test('a public image is listed once, however many projects show it', async t => {
  const home = await startListCloud(t, idp)
  const far = await startListCloud(t, sp1, [
    listedItem(1),
    listedItem(2, { owner: bob }),
    listedItem(3, { owner: carol }),
  ])
  const proxy = await startListProxy(t, [home, far], { identity: withProjects(bob, carol) })
  const { json } = await proxy.get('/image/v2/images')
  t.deepEqual(names(json.images), ['thing 3', 'thing 2', 'thing 1'])
})

test('images with the same id in two clouds are both listed', async t => {
  const listClouds = [
    await startListCloud(t, idp, [listedItem(1)]),
    await startListCloud(t, sp1, [listedItem(1)]),
  ]
  const proxy = await startListProxy(t, listClouds)
  const { json } = await proxy.get('/image/v2/images?limit=1')
  const second = await proxy.get(`/image${json.next}`)
  t.deepEqual(
    [...json.images, ...second.json.images].map(({ id }) => id),
    [listedItem(1).id, listedItem(1).id],
  )
})

test('MM-PROJECT-ID limits the list to one project at the service providers', async t => {
  const home = await startListCloud(t, idp)
  const far = await startListCloud(t, sp1, [
    listedItem(2, { owner: bob }),
    listedItem(3, { owner: carol }),
  ])
  const proxy = await startListProxy(t, [home, far], { identity: withProjects(bob, carol) })
  const { json } = await proxy.get('/image/v2/images', { ...token, 'MM-PROJECT-ID': carol })
  t.deepEqual(names(json.images), ['thing 3'])
})

test('all clouds get the filters and the order of the request, byte for byte', async t => {
  const [home, far] = await twoClouds(t)
  const proxy = await startListProxy(t, [home, far])
  await proxy.get('/image/v2/images?tag=a%3Fb&tag=c&sort=name:asc&limit=7')
  const asked = 'GET /v2/images?tag=a%3Fb&tag=c&sort=name:asc&limit=7'
  t.deepEqual([home.cloud.seen, far.cloud.seen], [[asked], [asked]])
})

test("a filter by the user's project becomes the user's project at each cloud", async t => {
  const [home, far] = await twoClouds(t)
  const proxy = await startListProxy(t, [home, far])
  await proxy.get(`/image/v2/images?owner=${alice}`)
  t.deepEqual(home.cloud.seen, [`GET /v2/images?owner=${alice}&limit=25`])
  t.deepEqual(far.cloud.seen, [`GET /v2/images?owner=${bob}&limit=25`])
})

// Pages

test('the next page begins in every cloud where the previous page ended', async t => {
  const proxy = await startListProxy(t, await twoClouds(t))
  const first = await proxy.get('/image/v2/images?limit=4&name=x%20y')
  t.regex(
    first.json.next,
    /^\/v2\/images\?limit=4&name=x%20y&marker=0{7}3-0000-4000-8000-0{12}&mm_cursor=[\w-]+$/,
  )
  const second = await proxy.get(`/image${first.json.next}`)
  t.deepEqual(names(second.json.images), ['thing 2', 'thing 1'])
  t.is(second.json.first, '/v2/images?limit=4&name=x%20y')
})

test('a large page is divided among the clouds, and a cloud with more of its items is asked again', async t => {
  const many = Array.from({ length: 700 }, (_, n) => listedItem(n))
  const [home, far] = [
    await startListCloud(t, idp, [listedItem(1000)]),
    await startListCloud(t, sp1, many),
  ]
  const proxy = await startListProxy(t, [home, far])
  const { json } = await proxy.get('/image/v2/images?limit=800')
  t.is(json.images.length, 701)
  t.deepEqual(home.cloud.seen, ['GET /v2/images?limit=500'])
  t.deepEqual(far.cloud.seen, [
    'GET /v2/images?limit=500',
    `GET /v2/images?limit=500&marker=${listedItem(200).id}`,
  ])
})

test('a page is never longer than the services allow', async t => {
  const many = Array.from({ length: 1500 }, (_, n) => listedItem(n))
  const proxy = await startListProxy(t, [
    await startListCloud(t, idp),
    await startListCloud(t, sp1, many),
  ])
  t.is((await proxy.get('/image/v2/images?limit=5000')).json.images.length, 1000)
})

test("without a limit, a page of images has Glance's default size", async t => {
  const many = Array.from({ length: 30 }, (_, n) => listedItem(n))
  const proxy = await startListProxy(t, [
    await startListCloud(t, idp, many),
    await startListCloud(
      t,
      sp1,
      many.map(({ id, ...rest }) => ({ ...rest, id: id.replace(/^./, '9') })),
    ),
  ])
  const { json } = await proxy.get('/image/v2/images')
  t.is(json.images.length, 25)
  t.regex(json.next, /^\/v2\/images\?marker=.*&mm_cursor=/)
})

test('a limit of 0 gives an empty page', async t => {
  const proxy = await startListProxy(t, await twoClouds(t))
  for (const path of ['/image/v2/images', `/volume/v3/${alice}/volumes`]) {
    const { status, json } = await proxy.get(`${path}?limit=0`)
    t.is(status, 200)
    t.deepEqual(json.images ?? json.volumes, [])
    t.is(json.next ?? json.volumes_links, undefined)
  }
})

test('a cloud with shorter pages than requested is asked again', async t => {
  const [home, far] = await twoClouds(t)
  far.maxLimit = 1
  const proxy = await startListProxy(t, [home, far])
  const { json } = await proxy.get('/image/v2/images?limit=6')
  t.deepEqual(
    names(json.images),
    [6, 5, 4, 3, 2, 1].map(n => `thing ${n}`),
  )
})

test('if a cursor is invalid, the marker is used', async t => {
  const [home, far] = await twoClouds(t)
  const proxy = await startListProxy(t, [home, far])
  const { json } = await proxy.get('/image/v2/images?limit=2')
  const broken = json.next.replace(/mm_cursor=./, 'mm_cursor=_')
  const otherwise = json.next.replace('limit=2', 'limit=2&sort=created_at:asc')
  t.deepEqual(names((await proxy.get(`/image${broken}`)).json.images), ['thing 4', 'thing 3'])
  t.deepEqual(names((await proxy.get(`/image${otherwise}`)).json.images), ['thing 6'])
})

test('a forged cursor, even with a valid signature, never gives an error', async t => {
  const proxy = await startListProxy(t, await twoClouds(t), { secrets: [] })
  const marker = listedItem(4).id
  const cursors = createCursors(cursorKey([]))
  const scope = `user-1 ${alice} /image/v2/null/images`
  const scalar = fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null))
  const cloud = fc.oneof(fc.constantFrom('default', 'sp1', '__proto__'), fc.string()).map(spName)
  const after = fc.option(fc.oneof(fc.constant(marker), fc.string()))
  const project = fc.option(fc.oneof(fc.constant(bob), fc.string().map(projectId)))
  const forged = fc.record({
    last: fc.constant(marker),
    reached: fc.record({ cloud, id: fc.string(), values: fc.array(scalar) }),
    places: fc.array(fc.record({ cloud, project, after })),
  })
  const texts = fc.oneof(
    fc.string(),
    forged.map(cursor => cursors.write(cursor, scope)),
  )
  await fc.assert(
    fc.asyncProperty(texts, async text => {
      const query = `marker=${marker}&mm_cursor=${encodeURIComponent(text)}`
      return (await proxy.get(`/image/v2/images?${query}`)).status === 200
    }),
    { numRuns: 60 },
  )
  // The signature is valid: the cursor has an effect, because a cursor without places begins again.
  const anew = cursors.write(
    { last: marker, reached: { cloud: idp, id: 'x', values: [] }, places: [] },
    scope,
  )
  const { json } = await proxy.get(`/image/v2/images?marker=${marker}&mm_cursor=${anew}`)
  t.is(json.images.length, 6)
})

test('a cursor is valid at every proxy with the same secrets', async t => {
  const [home, far] = await twoClouds(t)
  const one = await startListProxy(t, [home, far], { secrets: ['s'] })
  const twin = await startListProxy(t, [home, far], { secrets: ['s'] })
  const other = await startListProxy(t, [home, far], { secrets: ['another'] })
  const { json } = await one.get('/image/v2/images?limit=2')
  for (const [proxy, reads] of [
    [twin, 0],
    [other, 1],
  ] as const) {
    home.cloud.seen.length = 0
    const page = await proxy.get(`/image${json.next}`)
    t.deepEqual(names(page.json.images), ['thing 4', 'thing 3'])
    t.is(home.cloud.seen.filter(line => line.includes('/v2/images/')).length, reads)
  }
})

test('the identity provider responds to a marker that no cloud knows', async t => {
  const proxy = await startListProxy(t, await twoClouds(t))
  const image = await proxy.get(`/image/v2/images?marker=${listedItem(9).id}`)
  t.is(image.status, 400)
  const volume = await proxy.get(`/volume/v3/${alice}/volumes?marker=${listedItem(9).id}`)
  t.is(volume.status, 404)
  t.regex(volume.json.gone.message, /no marker 00000009/)
})

for (const marker of [
  '..%2f..%2fx',
  '..',
  'x%3fy',
  '%0d%0aX-Roles:%20admin',
  '%25%32%65%25%32%65',
]) {
  test(`the marker ${marker} never becomes a part of a path`, async t => {
    const [home, far] = await twoClouds(t)
    const proxy = await startListProxy(t, [home, far])
    for (const cloud of [home, far]) cloud.cloud.seen.length = 0
    const { status } = await proxy.get(`/image/v2/images?marker=${marker}`)
    t.is(status, 400)
    const paths = [home, far].flatMap(({ cloud }) => cloud.seen.map(line => line.split('?')[0]))
    const own = new Set([
      'GET /v2/images',
      `GET /v2/images/${encodeURIComponent(decodeURIComponent(marker))}`,
    ])
    t.deepEqual(
      paths.filter(path => path === undefined || !own.has(path) || /\.\.$|%2f/i.test(path)),
      [],
    )
  })
}

test('an unknown marker gives an error while a cloud is down', async t => {
  const [home, far] = await twoClouds(t)
  far.instead = req => Boolean(req.socket.destroy())
  const proxy = await startListProxy(t, [home, far])
  t.is((await proxy.get(`/image/v2/images?marker=${listedItem(4).id}`)).status, 502)
})

test('in a list by time, clouds get a time filter that leaves out items before the marker', async t => {
  const [home, far] = await twoClouds(t)
  const proxy = await startListProxy(t, [home, far])
  const { json } = await proxy.get(`/image/v2/images?marker=${listedItem(4).id}`)
  t.deepEqual(names(json.images), ['thing 3', 'thing 2', 'thing 1'])
  t.true(
    home.cloud.seen.some(line =>
      line.includes(`created_at=lte%3A${listedItem(4).created_at.replaceAll(':', '%3A')}`),
    ),
  )
})

// Volumes

test('a list of volumes without details is requested with details, to sort it', async t => {
  const [home, far] = await twoClouds(t)
  const proxy = await startListProxy(t, [home, far])
  const { json } = await proxy.get(`/volume/v3/${alice}/volumes?limit=2`)
  t.deepEqual(Object.keys(json.volumes[0]).sort(), ['id', 'links', 'name'])
  t.deepEqual(names(json.volumes), ['thing 6', 'thing 5'])
  t.deepEqual(home.cloud.seen, [`GET /v3/${alice}/volumes/detail?limit=2`])
  t.deepEqual(far.cloud.seen, [`GET /v3/${bob}/volumes/detail?limit=2`])
})

test("links lead to the proxy, in the caller's own project", async t => {
  const [home, far] = await twoClouds(t)
  const proxy = await startListProxy(t, [home, far])
  const { json } = await proxy.get(`/volume/v3/${alice}/volumes/detail?limit=2`)
  const base = `https://cloud.example/resource/volume/v3/${alice}`
  t.is(json.volumes[0].links[0].href, `${base}/volumes/${listedItem(6).id}`)
  t.is(json.volumes[1].links[0].href, `${base}/volumes/${listedItem(5).id}`)
  const [{ rel, href }] = json.volumes_links
  t.is(rel, 'next')
  t.true(href.startsWith(`${base}/volumes/detail?limit=2&marker=${listedItem(5).id}&mm_cursor=`))
  const next = await proxy.get(href.replace('https://cloud.example/resource', ''))
  t.deepEqual(names(next.json.volumes), ['thing 4', 'thing 3'])
})

test('paths without a project get links without one', async t => {
  const proxy = await startListProxy(t, await twoClouds(t))
  const { json } = await proxy.get('/volume/v3/volumes/detail')
  for (const { links } of json.volumes) {
    t.regex(links[0].href, /^https:\/\/cloud\.example\/resource\/volume\/v3\/volumes\/0/)
  }
})

test('the link to the next page of groups is in group_links', async t => {
  const proxy = await startListProxy(t, await twoClouds(t))
  const { json } = await proxy.get(`/volume/v3/${alice}/groups?limit=1`, at('volume 3.13'))
  t.deepEqual(Object.keys(json.groups[0]), ['id', 'name'])
  t.regex(json.group_links[0].href, /\/groups\?limit=1&marker=/)
})

test('an offset skips items of the merged list', async t => {
  const proxy = await startListProxy(t, await twoClouds(t))
  const first = await proxy.get(`/volume/v3/${alice}/volumes?limit=2&offset=3`)
  t.deepEqual(names(first.json.volumes), ['thing 3', 'thing 2'])
  const { href } = first.json.volumes_links[0]
  t.notRegex(href, /offset/)
  const second = await proxy.get(href.replace('https://cloud.example/resource', ''))
  t.deepEqual(names(second.json.volumes), ['thing 1'])
})

test('with_count gives the number of items in all clouds, on every page', async t => {
  const proxy = await startListProxy(t, await twoClouds(t))
  const path = `/volume/v3/${alice}/volumes?with_count=true&limit=4`
  const first = await proxy.get(path, at('volume 3.45'))
  t.is(first.json.count, 6)
  const { href } = first.json.volumes_links[0]
  const rest = href.replace('https://cloud.example/resource', '')
  t.is((await proxy.get(rest, at('volume 3.45'))).json.count, 6)
  t.is((await proxy.get(`${path}&marker=${listedItem(3).id}`, at('volume 3.60'))).json.count, 6)
})

test('transfers have pages from 3.59 on; before that, the list has all of them, the oldest first', async t => {
  const proxy = await startListProxy(t, await twoClouds(t))
  const shown = (things: readonly ListedItem[]) => things.map(({ id }) => Number(id.slice(0, 8)))
  const path = `/volume/v3/${alice}/os-volume-transfer`
  const [home, far] = proxy.listClouds
  for (const listCloud of [home, far]) {
    if (!listCloud) continue
    listCloud.instead = (req, res) => {
      if (!req.url?.includes('transfer')) return false
      const things = [...listCloud.things]
      const paged = /3\.59/.test(String(req.headers['openstack-api-version']))
      if (paged) things.reverse()
      const limit = Number(new URL(req.url, 'http://x').searchParams.get('limit') ?? 1000)
      const transfers = things.slice(0, limit)
      const links = transfers.length === limit ? { transfers_links: [{}] } : {}
      say(res, 200, { transfers, ...links })
      return true
    }
  }
  const before = await proxy.get(path)
  t.deepEqual(shown(before.json.transfers), [1, 2, 3, 4, 5, 6])
  const paged = await proxy.get(`${path}?limit=3`, at('volume 3.59'))
  t.deepEqual(shown(paged.json.transfers), [6, 5, 4])
  t.regex(paged.json.transfers_links[0].href, /os-volume-transfer\?limit=3&marker=/)
})

test('volume summaries of all clouds are added up', async t => {
  const [home, far] = await twoClouds(t)
  home.instead = (_, res) => {
    const metadata = { k: ['a', 'b'] }
    say(res, 200, { 'volume-summary': { total_size: 1, total_count: 2, metadata } })
    return true
  }
  far.instead = (_, res) => {
    const metadata = { k: ['b', 'c'], l: ['d'] }
    say(res, 200, { 'volume-summary': { total_size: 10, total_count: 20, metadata } })
    return true
  }
  const proxy = await startListProxy(t, [home, far])
  const { json } = await proxy.get(`/volume/v3/${alice}/volumes/summary?name=x`, at('volume 3.36'))
  const metadata = { k: ['a', 'b', 'c'], l: ['d'] }
  t.deepEqual(json, { 'volume-summary': { total_size: 11, total_count: 22, metadata } })
  t.deepEqual(far.cloud.seen.at(-1), `GET /v3/${bob}/volumes/summary?name=x`)
})

// Microversions

test('latest becomes the newest microversion that all clouds support', async t => {
  const [home, far] = await twoClouds(t)
  far.maxMinor = 59
  const proxy = await startListProxy(t, [home, far])
  const { headers } = await proxy.get(`/volume/v3/${alice}/volumes`, at('volume latest'))
  t.is(headers.get('OpenStack-API-Version'), 'volume 3.59')
  t.is(headers.get('Vary'), 'OpenStack-API-Version')
  const asked = [home, far].map(
    ({ cloud }) => cloud.requests.at(-1)?.headers['openstack-api-version'],
  )
  t.deepEqual(asked, ['volume 3.59', 'volume 3.59'])
})

test('a microversion too new for one cloud becomes the newest that it supports', async t => {
  const [home, far] = await twoClouds(t)
  far.maxMinor = 59
  const proxy = await startListProxy(t, [home, far])
  const { headers } = await proxy.get(`/volume/v3/${alice}/volumes`, at('volume 3.66'))
  t.is(headers.get('OpenStack-API-Version'), 'volume 3.59')
})

test('a microversion that no cloud supports is forwarded, and rejected by the clouds', async t => {
  const [home, far] = await twoClouds(t)
  for (const listCloud of [home, far]) {
    listCloud.instead = (req, res) => {
      if (req.headers['openstack-api-version'] !== 'volume 3.99') return false
      say(res, 406, { computeFault: { code: 406, message: 'Version 3.99 is not supported' } })
      return true
    }
  }
  const proxy = await startListProxy(t, [home, far])
  t.is((await proxy.get(`/volume/v3/${alice}/volumes`, at('volume 3.99'))).status, 406)
})

// Failures

test('the access log has the time to the first response of a list', async t => {
  const proxy = await startListProxy(t, await twoClouds(t))
  await proxy.get('/image/v2/images')
  const line = await proxy.access()
  t.true(Number(line['upstream_first_byte_ms']) > 0)
  t.true(Number(line['upstream_first_byte_ms']) <= Number(line['ms']))
})

test('MM-Partial names a cloud that is down', async t => {
  const [home, far] = await twoClouds(t)
  far.instead = req => Boolean(req.socket.destroy())
  const proxy = await startListProxy(t, [home, far])
  const { status, headers, json } = await proxy.get('/image/v2/images')
  t.is(status, 200)
  t.deepEqual(names(json.images), ['thing 5', 'thing 3', 'thing 1'])
  t.is(headers.get('MM-Partial'), 'sp1')
  t.is(headers.get('MM-Service-Provider'), 'default')
  t.is((await proxy.access())['missing'], 'sp1')
})

test('a cloud that has recovered is listed from its beginning on the next page', async t => {
  const [home, far] = await twoClouds(t)
  far.instead = req => Boolean(req.socket.destroy())
  const proxy = await startListProxy(t, [home, far])
  const { json } = await proxy.get('/image/v2/images?limit=2')
  far.instead = () => false
  const next = await proxy.get(`/image${json.next}&limit=9`)
  t.deepEqual(names(next.json.images), ['thing 6', 'thing 4', 'thing 2', 'thing 1'])
})

test('with aggregation_errors = fail, a list fails while a cloud is down', async t => {
  const [home, far] = await twoClouds(t)
  far.instead = req => Boolean(req.socket.destroy())
  const proxy = await startListProxy(t, [home, far], { errors: 'fail' })
  t.is((await proxy.get('/image/v2/images')).status, 502)
  far.instead = (_, res) => {
    say(res, 403, { forbidden: { code: 403, message: 'not you' } })
    return true
  }
  const refused = await proxy.get('/image/v2/images')
  t.is(refused.status, 403)
  t.is(refused.headers.get('MM-Service-Provider'), 'sp1')
})

test.serial('a cloud that does not respond within the deadline is left out', async t => {
  const [home, far] = await twoClouds(t)
  far.instead = () => true
  const proxy = await startListProxy(t, [home, far], { deadlineMs: 8000 })
  const { headers, json } = await proxy.get('/image/v2/images')
  t.is(json.images.length, 3)
  t.is(headers.get('MM-Partial'), 'sp1')
})

test.serial('a cloud whose login does not end within the deadline is left out', async t => {
  const listClouds = await twoClouds(t)
  const proxy = await startListProxy(t, listClouds, {
    deadlineMs: 3000,
    identity: { projects: () => new Promise(() => {}) },
  })
  t.is((await proxy.get('/image/v2/images')).headers.get('MM-Partial'), 'sp1')
})

test.serial(
  'after three failures lists do not wait for a cloud that hangs, with a microversion or without',
  async t => {
    const [home, far] = await twoClouds(t)
    far.instead = () => true
    const proxy = await startListProxy(t, [home, far], { deadlineMs: 3000, versionWaitMs: 1000 })
    const wanted = { ...token, 'OpenStack-API-Version': 'volume latest' }
    for (let n = 0; n < 3; n += 1) {
      const { headers } = await proxy.get(`/volume/v3/${alice}/volumes`, wanted)
      t.is(headers.get('MM-Partial'), 'sp1')
    }
    const asked = far.cloud.seen.length
    for (const headers of [token, wanted]) {
      const { status } = await proxy.get(`/volume/v3/${alice}/volumes`, headers)
      t.is(status, 200)
    }
    t.is(far.cloud.seen.length, asked)
  },
)

test('version documents do not wait for a cloud that hangs', async t => {
  const [home, far] = await twoClouds(t)
  home.instead = far.instead = () => true
  const proxy = await startListProxy(t, [home, far], { deadlineMs: 200 })
  t.is((await proxy.get('/volume/')).status, 503)
})

test('a cloud that failed three times is not asked for some time', async t => {
  const [home, far] = await twoClouds(t)
  far.instead = (_, res) => Boolean(say(res, 503, {})) || true
  const proxy = await startListProxy(t, [home, far])
  for (let n = 0; n < 5; n += 1) {
    t.is((await proxy.get('/image/v2/images')).headers.get('MM-Partial'), 'sp1')
  }
  t.is(far.cloud.seen.length, 3)
})

test('a list is readable UTF-8 and JSON, even if a cloud sends malformed characters and items', async t => {
  const [home, far] = await twoClouds(t)
  home.instead = (_, res) => {
    res.writeHead(200, { 'Content-Type': 'application/json' })
    res.end('{"images":[{"id":"1","name":"gr\u00fcn \ud83c\udf33"},{"id":"2","n":1.0}]}')
    return true
  }
  far.instead = (_, res) => {
    res.writeHead(200, { 'Content-Type': 'application/json' })
    res.end(Buffer.from('{"images":[{"id":"3","name":"\xff"},{"id":"4",}]}', 'latin1'))
    return true
  }
  const proxy = await startListProxy(t, [home, far])
  const response = await fetch(`${proxy.url}/image/v2/images`, {
    headers: { 'X-Auth-Token': 'good' },
  })
  const body = Buffer.from(await response.arrayBuffer())
  t.true(body.includes('"n":1.0}'))
  t.true(isUtf8(body))
  t.deepEqual(JSON.parse(body.toString()).images, [
    { id: '1', name: 'gr\u00fcn \ud83c\udf33' },
    { id: '2', n: 1 },
    { id: '3', name: '\ufffd' },
  ])
})

test('if no cloud responds, the response is the failure of the nearest cloud', async t => {
  const [home, far] = await twoClouds(t)
  for (const { instead } of [home, far]) void instead
  home.instead = far.instead = req => Boolean(req.socket.destroy())
  const proxy = await startListProxy(t, [home, far])
  const { status, json } = await proxy.get('/image/v2/images')
  t.is(status, 502)
  t.regex(json.error.message, /^Service provider "default"/)
})

test('if every cloud rejects a request, the response is that of the identity provider', async t => {
  const proxy = await startListProxy(t, await twoClouds(t))
  for (const query of ['limit=-1', 'limit=x', 'sort=name&sort_key=size', 'sort=bogus:asc']) {
    const { status, headers, json } = await proxy.get(`/image/v2/images?${query}`)
    t.is(status, 400, query)
    t.truthy(json.badRequest.message)
    t.is(headers.get('MM-Service-Provider'), 'default')
  }
})

test('if the identity provider rejects the token, the list is 401', async t => {
  const [home, far] = await twoClouds(t)
  home.instead = (_, res) => {
    say(res, 401, {}, { 'WWW-Authenticate': 'Keystone uri="http://keystone"' })
    return true
  }
  const proxy = await startListProxy(t, [home, far])
  t.is((await proxy.get('/image/v2/images')).status, 401)
})

test('a list retries with a new token if a service provider rejects the cached one', async t => {
  const [home, far] = await twoClouds(t)
  let generation = 0
  far.instead = (req, res) => {
    if (String(req.headers['x-auth-token']).startsWith('1')) return false
    say(res, 401, {})
    return true
  }
  const proxy = await startListProxy(t, [home, far], {
    identity: {
      access: async (_, __, at, id) => ({
        token: new Token(`${generation}@${at}/${id}`),
        project: project(id, 'demo'),
        endpoints: new Map(),
      }),
      forget() {
        generation += 1
      },
    },
  })
  const { headers, json } = await proxy.get('/image/v2/images')
  t.is(json.images.length, 6)
  t.is(headers.get('MM-Partial'), null)
})

test('a merged list has the CORS headers of the nearest cloud', async t => {
  const [home, far] = await twoClouds(t)
  home.instead = (_, res) => {
    say(res, 200, { images: [] }, { 'Access-Control-Allow-Origin': 'https://horizon.example' })
    return true
  }
  const proxy = await startListProxy(t, [home, far])
  const { headers } = await proxy.get('/image/v2/images')
  t.is(headers.get('Access-Control-Allow-Origin'), 'https://horizon.example')
})

test('a cloud that does not admit the user is not missing in a list', async t => {
  const [home, far] = await twoClouds(t)
  const third = await startListCloud(t, sp2, [listedItem(7)])
  const proxy = await startListProxy(t, [home, far, third], {
    errors: 'fail',
    identity: {
      async projects(_, __, at) {
        if (at === sp1) throw new MixmatchError('FORBIDDEN', 'The token cannot be federated.')
        return []
      },
    },
  })
  const { headers, json } = await proxy.get('/image/v2/images')
  t.is(json.images.length, 3)
  t.is(headers.get('MM-Partial'), null)
})

test('a cloud whose response is no list is missing', async t => {
  const [home, far] = await twoClouds(t)
  far.instead = (_, res) => {
    say(res, 200, ['what is this'])
    return true
  }
  const proxy = await startListProxy(t, [home, far])
  const { headers, json } = await proxy.get('/image/v2/images')
  t.is(json.images.length, 3)
  t.is(headers.get('MM-Partial'), 'sp1')
})

test('if the client leaves, the requests to the clouds are aborted', async t => {
  const [home, far] = await twoClouds(t)
  const closed = new Promise<void>(resolve => {
    far.instead = req => Boolean(req.socket.once('close', resolve))
  })
  const proxy = await startListProxy(t, [home, far])
  const gone = new AbortController()
  const asked = fetch(`${proxy.url}/image/v2/images`, { headers: token, signal: gone.signal })
  while (far.cloud.seen.length === 0) await new Promise(resolve => setTimeout(resolve, 5))
  gone.abort()
  await t.throwsAsync(asked, { any: true })
  await closed
  t.pass()
})

// Services that are not enabled

for (const aggregation of [true, false]) {
  test(`a list of a service that is enabled nowhere is empty, aggregation ${aggregation}`, async t => {
    const [home, far] = await twoClouds(t)
    const proxy = await startListProxy(t, [home, far], {
      aggregation,
      enabledServices: { default: [], sp1: [] },
    })
    const images = await proxy.get('/image/v2/images?limit=2')
    t.is(images.status, 200)
    t.deepEqual(images.json.images, [])
    t.is(images.json.next, undefined)
    const volumes = await proxy.get(`/volume/v3/${alice}/volumes/detail`)
    t.is(volumes.status, 200)
    t.deepEqual(volumes.json, { volumes: [] })
    const summary = await proxy.get(`/volume/v3/${alice}/volumes/summary`)
    t.is(summary.status, 404)
    t.deepEqual([...home.cloud.seen, ...far.cloud.seen], [])
  })
}

test('without aggregation, a list is empty if the identity provider does not have the service', async t => {
  const [home, far] = await twoClouds(t)
  const proxy = await startListProxy(t, [home, far], {
    aggregation: false,
    enabledServices: { default: ['volume'] },
  })
  t.deepEqual((await proxy.get('/image/v2/images')).json.images, [])
  const other = await proxy.get('/image/v2/schemas/image')
  t.is(other.status, 404)
  t.deepEqual([...home.cloud.seen, ...far.cloud.seen], [])
})
