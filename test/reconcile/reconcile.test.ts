import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import test from 'ava'
import { ownEventTypes } from '../../src/event/event.js'
import { projectId, resourceId } from '../../src/ids.js'
import { people } from '../../src/sandbox/people.js'
import { alice, at, bob, changed, created, deleted, idp, transferred } from '../controls.js'
import { logIn } from '../sandbox/clouds.js'
import { makeImage, makeVolume, sp1, stage } from './clouds.js'

const here = { serviceProvider: sp1 }
const image = (id: string) => ({ type: 'image', id: resourceId(id) }) as const
const volume = (id: string) => ({ type: 'volume', id: resourceId(id) }) as const

/** Longer ago than the second in which the test runs, which is all that a Date header tells. */
const before = { ...here, emittedAt: at(-86_400 * 300) }

test('what the cloud has and the log does not is recorded, with its owner, once', async t => {
  const scene = await stage(t)
  const ids = [
    await makeImage(scene),
    await makeImage(scene, { visibility: 'community' }),
    await makeImage(scene, { os_hidden: true }),
  ]
  const disk = await makeVolume(scene)
  const { drifts, outcome } = await scene.reconcile()

  t.deepEqual(drifts.map(({ resource }) => resource.id).sort(), [...ids, disk].sort())
  t.true(drifts.every(({ difference }) => difference === 'unknown'))
  for (const id of ids) t.deepEqual(scene.located('image', id), [`sp1 ${scene.admin.project}`])
  t.deepEqual(scene.located('volume', disk), [`sp1 ${scene.admin.project}`])
  t.deepEqual(outcome.failed, [])
  const again = await scene.reconcile()
  t.deepEqual(again.drifts, [])
  t.deepEqual(
    again.outcome.collections.map(({ type, listed }) => [type, listed]),
    [
      ['image', 3],
      ['volume', 1],
      ['snapshot', 0],
    ],
    'this cloud has no backups and groups, which is no failure',
  )
})

test('an event says by the clock of the cloud what was found, and what the view had instead', async t => {
  const scene = await stage(t)
  const id = await makeImage(scene)
  await scene.hear(created(image(id), alice, before))
  const begun = Date.now() * 1000
  const { outcome } = await scene.reconcile()
  const [, found, finished] = scene.events()
  t.like(found, {
    serviceProvider: sp1,
    source: 'reconcile',
    eventType: ownEventTypes.reconcileOwner,
    kind: 'changed',
    resource: image(id),
    project: projectId(scene.admin.project),
  })
  t.true(Number(found?.emittedAt) > begun - 2e6 && Number(found?.emittedAt) <= Date.now() * 1000)
  const said = JSON.parse(found?.body ?? '')
  t.like(said, { difference: 'owner', project: scene.admin.project, believed: alice })
  t.like(finished, { eventType: ownEventTypes.reconcileFinished, kind: 'noted', resource: null })
  t.like(JSON.parse(finished?.body ?? ''), {
    run: said.run,
    as: { sees: 'everything', project: scene.admin.project },
    collections: outcome.collections as unknown as object,
    failed: [],
  })
})

test('an owner that was never said, or is no longer, is set right', async t => {
  const scene = await stage(t)
  const [nobodys, bobs] = [await makeVolume(scene), await makeVolume(scene)]
  await scene.hear(created(volume(nobodys), null, before), created(volume(bobs), bob, before))
  const { drifts } = await scene.reconcile()
  t.deepEqual(
    drifts.map(({ difference }) => difference),
    ['owner', 'owner'],
  )
  for (const id of [nobodys, bobs])
    t.deepEqual(scene.located('volume', id), [`sp1 ${scene.admin.project}`])
})

test('what was deleted without a word is gone, also when it was made in this very second', async t => {
  const scene = await stage(t)
  const [old, young] = [volume(randomUUID()), image(randomUUID())]
  const justNow = { ...here, emittedAt: (Date.now() * 1000) as typeof before.emittedAt }
  await scene.hear(created(old, alice, before), created(young, bob, justNow))
  const { drifts } = await scene.reconcile()
  t.deepEqual(
    drifts.map(({ difference, resource, believed }) => [difference, resource, believed]),
    [
      ['gone', young, bob],
      ['gone', old, alice],
    ],
  )
  t.deepEqual([...scene.located('volume', old.id), ...scene.located('image', young.id)], [])
  t.deepEqual((await scene.reconcile()).drifts, [])
})

test('what came back after a deletion has returned', async t => {
  const scene = await stage(t)
  const id = await makeImage(scene)
  await scene.hear(
    created(image(id), alice, before),
    deleted(image(id), { ...before, emittedAt: at(-86_400 * 299) }),
  )
  const { drifts } = await scene.reconcile()
  t.deepEqual(
    drifts.map(({ difference }) => difference),
    ['returned'],
  )
  t.deepEqual(scene.located('image', id), [`sp1 ${scene.admin.project}`])
})

test('a bus that knows better than the list is left alone', async t => {
  const scene = await stage(t)
  const [removed, given] = [await makeImage(scene), await makeVolume(scene)]
  const later = { ...here, emittedAt: ((Date.now() + 60_000) * 1000) as typeof before.emittedAt }
  await scene.hear(
    created(image(removed), alice, before),
    deleted(image(removed), later),
    created(volume(given), alice, before),
    transferred(volume(given), bob, later),
  )
  t.deepEqual((await scene.reconcile()).drifts, [])
})

test('a cloud is believed about itself alone', async t => {
  const scene = await stage(t)
  const id = await makeImage(scene)
  const elsewhere = { serviceProvider: idp, emittedAt: before.emittedAt }
  const other = volume(randomUUID())
  await scene.hear(created(image(id), alice, elsewhere), created(other, alice, elsewhere))
  const { drifts } = await scene.reconcile()
  t.deepEqual(
    drifts.map(({ difference }) => difference),
    ['unknown'],
  )
  t.deepEqual(scene.located('image', id), [`default ${alice}`, `sp1 ${scene.admin.project}`])
  t.deepEqual(scene.located('volume', other.id), [`default ${alice}`])
})

test('types that no list shows are never declared gone', async t => {
  const scene = await stage(t)
  const attachment = { type: 'attachment', id: resourceId(randomUUID()) } as const
  const backup = { type: 'backup', id: resourceId(randomUUID()) } as const
  await scene.hear(created(attachment, alice, before), created(backup, alice, before))
  t.deepEqual((await scene.reconcile()).drifts, [])
})

test('a user who is no administrator misses only what is of its own project', async t => {
  const scene = await stage(t, { auth: people.demo, user: null })
  const demo = await logIn(scene.federation.cloud('default'))
  const [own, others, nobodys] = [randomUUID(), randomUUID(), randomUUID()].map(volume)
  const atHome = { ...before, serviceProvider: idp }
  const [mine, theirs] = [projectId(demo.project), alice]
  await scene.hear(
    ...(own && others && nobodys
      ? [
          created(own, mine, atHome),
          created(others, theirs, atHome),
          created(nobodys, null, atHome),
        ]
      : []),
  )
  const { drifts, outcome } = await scene.reconcile({ at: idp })
  t.deepEqual(outcome.as, { sees: 'project', project: mine })
  t.deepEqual(
    drifts.map(({ resource }) => resource),
    [own],
  )
})

test('where a cloud has no user of ours, that of [auth] comes by federation', async t => {
  const scene = await stage(t, { auth: people.demo, user: null })
  const open = await makeImage(scene, { visibility: 'public' })
  await makeImage(scene)
  const { drifts, outcome } = await scene.reconcile()
  t.is(outcome.as?.sees, 'project')
  t.deepEqual(
    drifts.map(({ resource }) => resource.id),
    [open],
  )
})

test('a cloud that admits nobody of ours is told as failed, and the log says so', async t => {
  const scene = await stage(t, { auth: people.admin, user: null })
  const { outcome } = await scene.reconcile()
  t.is(outcome.as, null)
  t.deepEqual(outcome.collections, [])
  t.regex(outcome.failed[0]?.reason ?? '', /not admitted there by federation.*\[sp_sp1\]/)
  t.is(JSON.parse(scene.events()[0]?.body ?? '').failed.length, 1)
})

/** Every path that sp1 was asked, without its query. */
const pathOf = (request: IncomingMessage) => (request.url ?? '').replace(/\?.*/, '')

test('a cloud that dies in the middle of a list has nothing declared gone', async t => {
  let answered = 0
  const dies = (cloud: string, request: IncomingMessage, response: ServerResponse) => {
    if (cloud !== 'sp1' || pathOf(request) !== '/image/v2/images' || request.method !== 'GET')
      return false
    answered += 1
    if (answered === 1) return false
    response.destroy()
    return true
  }
  const scene = await stage(t, { intercept: dies })
  await makeImage(scene)
  const gone = image(randomUUID())
  await scene.hear(created(gone, alice, before))
  const { outcome, drifts } = await scene.reconcile()
  t.deepEqual(drifts, [])
  t.deepEqual(
    outcome.failed.map(({ type }) => type),
    ['image'],
  )
  t.deepEqual(
    outcome.collections.map(({ type }) => type),
    ['volume', 'snapshot'],
  )
  t.deepEqual(scene.located('image', gone.id), [`sp1 ${alice}`])
})

test('a hiccup in the middle of a list is survived', async t => {
  let failures = 2
  const fails = (cloud: string, request: IncomingMessage, response: ServerResponse) => {
    if (cloud !== 'sp1' || !pathOf(request).endsWith('/volumes/detail') || failures === 0)
      return false
    failures -= 1
    response.writeHead(503).end()
    return true
  }
  const scene = await stage(t, { intercept: fails })
  const { outcome } = await scene.reconcile()
  t.deepEqual(outcome.failed, [])
})

test('what a list leaves out and the cloud still has is not gone', async t => {
  const empty = (cloud: string, request: IncomingMessage, response: ServerResponse) => {
    if (cloud !== 'sp1' || request.method !== 'GET' || pathOf(request) !== '/image/v2/images')
      return false
    response.setHeader('Content-Type', 'application/json').end('{"images":[]}')
    return true
  }
  const scene = await stage(t, { intercept: empty })
  const id = await makeImage(scene)
  await scene.hear(created(image(id), alice, before))
  t.deepEqual((await scene.reconcile()).drifts, [])
})

test('what is heard of while the list is read is not judged by it', async t => {
  const scene = await stage(t)
  await makeImage(scene)
  const [old, young, busy] = [image(randomUUID()), image(randomUUID()), image(randomUUID())]
  await scene.hear(created(old, alice, before), created(busy, alice, before))
  const { drifts } = await scene.reconcile({
    onProgress({ type }, record) {
      if (type === 'image') record([created(young, alice, before), changed(busy, alice, before)])
    },
  })
  const gone = drifts.filter(({ difference }) => difference === 'gone')
  t.deepEqual(
    gone.map(({ resource }) => resource),
    [old],
  )
})

test('a run that is interrupted says nothing of its end, and the next one does the rest', async t => {
  const scene = await stage(t)
  await makeImage(scene)
  const disk = await makeVolume(scene)
  const interrupted = new AbortController()
  const run = scene.reconcile({
    signal: interrupted.signal,
    onProgress({ type }) {
      if (type === 'volume') interrupted.abort()
    },
  })
  t.is(await t.throwsAsync(run, { any: true }), interrupted.signal.reason)
  const said = scene.events().map(({ eventType }) => eventType)
  t.deepEqual(said, [ownEventTypes.reconcileUnknown], 'the images were done')
  const { drifts } = await scene.reconcile()
  t.deepEqual(
    drifts.map(({ resource }) => resource.id),
    [disk],
  )
})

/** Has sp1 list so many images, a page at a time as Glance does, and tells what was asked for. */
function glanceWith(count: number) {
  const ids = Array.from({ length: count }, (): string => randomUUID())
  const asked: URLSearchParams[] = []
  const intercept = (cloud: string, request: IncomingMessage, response: ServerResponse) => {
    if (cloud !== 'sp1' || pathOf(request) !== '/image/v2/images') return false
    const query = new URLSearchParams(request.url?.replace(/.*\?/, ''))
    asked.push(query)
    const from = ids.indexOf(query.get('marker') ?? '') + 1
    const page = query.has('os_hidden') ? [] : ids.slice(from, from + Number(query.get('limit')))
    const images = page.map(id => ({ id, owner: alice, status: 'active' }))
    const next = page.length === Number(query.get('limit')) ? { next: '/v2/images?marker=…' } : {}
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify({ images, ...next }))
    return true
  }
  return { ids, asked, intercept }
}

test('thousands are listed page by page, and found in parts where they are gone', async t => {
  const { ids, asked, intercept } = glanceWith(2600)
  const scene = await stage(t, { intercept })
  const ghosts = Array.from({ length: 600 }, () => created(volume(randomUUID()), alice, before))
  await scene.hear(...ghosts)
  const { drifts, outcome } = await scene.reconcile()
  t.is(drifts.length, ids.length + ghosts.length)
  t.is(new Set(drifts.map(({ resource }) => resource.id)).size, drifts.length)
  t.is(outcome.collections[0]?.listed, ids.length)
  t.is(asked.length, Math.ceil(ids.length / 500) + 1, 'one more for what is hidden')
  t.true(asked.every(query => query.get('visibility') === 'all'))
  t.deepEqual((await scene.reconcile()).drifts, [])
})

test('a list goes on where the marker of its next page was deleted meanwhile', async t => {
  const { ids, asked, intercept } = glanceWith(700)
  const refused: string[] = []
  const forgets = (cloud: string, request: IncomingMessage, response: ServerResponse) => {
    const marker = new URLSearchParams(request.url?.replace(/.*\?/, '')).get('marker')
    if (refused.length > 0 || marker === null) return intercept(cloud, request, response)
    refused.push(marker)
    response.writeHead(400).end()
    return true
  }
  const scene = await stage(t, { intercept: forgets })
  const { outcome } = await scene.reconcile()
  t.deepEqual(refused, ids.slice(499, 500))
  t.is(asked[1]?.get('marker'), ids[498])
  t.is(outcome.collections[0]?.listed, ids.length)
})

test('a list without end is broken off, and its links are not followed', async t => {
  const id = randomUUID()
  const circles = (cloud: string, request: IncomingMessage, response: ServerResponse) => {
    if (cloud !== 'sp1' || pathOf(request) !== '/image/v2/images') return false
    const page = { images: [{ id, owner: alice }], next: 'http://127.0.0.1:1/v2/images' }
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(page))
    return true
  }
  const scene = await stage(t, { intercept: circles })
  const { drifts, outcome } = await scene.reconcile()
  t.deepEqual(drifts, [])
  t.regex(outcome.failed[0]?.reason ?? '', /ends with the same page for ever/)
})

for (const [what, body] of Object.entries({
  'no JSON': '<html>',
  'no list': '{"images":{}}',
  'a list of something else': '{"images":[{"name":"no id"}]}',
}))
  test(`${what} is no list of images`, async t => {
    const lies = (cloud: string, request: IncomingMessage, response: ServerResponse) => {
      if (cloud !== 'sp1' || pathOf(request) !== '/image/v2/images') return false
      response.setHeader('Content-Type', 'application/json').end(body)
      return true
    }
    const scene = await stage(t, { intercept: lies })
    const gone = image(randomUUID())
    await scene.hear(created(gone, alice, before))
    const { drifts, outcome } = await scene.reconcile()
    t.deepEqual(drifts, [])
    t.deepEqual(
      outcome.failed.map(({ type }) => type),
      ['image'],
    )
  })

test('backups and groups are listed with their owners, of all projects, at the newest microversion', async t => {
  const [backup, group] = [randomUUID(), randomUUID()]
  const asked: string[] = []
  const lists: Record<string, object> = {
    backups: { backups: [{ id: backup, 'os-backup-project-attr:project_id': alice }] },
    groups: { groups: [{ id: group, project_id: bob }] },
    group_snapshots: { group_snapshots: [] },
  }
  const answers = (cloud: string, request: IncomingMessage, response: ServerResponse) => {
    const [, name = ''] =
      /^\/volume\/v3\/\w+\/(\w+)\/detail\?.*all_tenants=1/.exec(request.url ?? '') ?? []
    const list = lists[name]
    if (cloud !== 'sp1' || !list) return false
    asked.push(`${name} ${request.headers['openstack-api-version']}`)
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(list))
    return true
  }
  const scene = await stage(t, { intercept: answers })
  await scene.reconcile()
  t.deepEqual(scene.located('backup', backup), [`sp1 ${alice}`])
  t.deepEqual(scene.located('group', group), [`sp1 ${bob}`])
  t.deepEqual(
    asked,
    Object.keys(lists).map(name => `${name} volume latest`),
  )
})

test('what Glance will only delete later is gone already', async t => {
  const id = randomUUID()
  const pending = { id, owner: alice, status: 'pending_delete' }
  const answers = (cloud: string, request: IncomingMessage, response: ServerResponse) => {
    if (cloud !== 'sp1' || !pathOf(request).startsWith('/image/v2/images')) return false
    const list = pathOf(request) === '/image/v2/images'
    const body = JSON.stringify(list ? { images: [pending] } : pending)
    response.setHeader('Content-Type', 'application/json').end(body)
    return true
  }
  const scene = await stage(t, { intercept: answers })
  await scene.hear(created(image(id), alice, before))
  const { drifts } = await scene.reconcile()
  t.deepEqual(
    drifts.map(({ difference }) => difference),
    ['gone'],
  )
})

test('a token that is refused in the middle of a list is replaced, once', async t => {
  let refusals = 1
  const refuses = (cloud: string, request: IncomingMessage, response: ServerResponse) => {
    if (cloud !== 'sp1' || refusals === 0 || !pathOf(request).endsWith('/snapshots/detail'))
      return false
    refusals -= 1
    response.writeHead(401).end()
    return true
  }
  const scene = await stage(t, { intercept: refuses })
  const { outcome } = await scene.reconcile()
  t.deepEqual(outcome.failed, [])
  const logins = scene.federation
    .cloud('sp1')
    .requests()
    .filter(({ method, path }) => method === 'POST' && path.endsWith('/auth/tokens'))
  t.is(logins.length, 3, 'that of the test, and two of the run')
})

test('a service that is down is not asked for each of its collections', async t => {
  const down = (cloud: string, request: IncomingMessage, response: ServerResponse) => {
    if (cloud !== 'sp1' || !pathOf(request).startsWith('/volume/')) return false
    response.destroy()
    return true
  }
  const scene = await stage(t, { intercept: down })
  const { outcome } = await scene.reconcile()
  t.deepEqual(
    outcome.failed.map(({ type }) => type),
    ['volume', 'snapshot', 'backup', 'group', 'group_snapshot'],
  )
  const asked = scene.federation
    .cloud('sp1')
    .requests()
    .filter(({ path }) => path.startsWith('/volume/'))
  t.deepEqual([...new Set(asked.map(({ path }) => path.split('/')[4]))], ['volumes'])
})
