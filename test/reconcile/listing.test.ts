import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import ava from 'ava'
import { alice, bob, created } from '../controls.js'
import { answerJson, before, image, makeImage, pathOf, startScene, volume } from './clouds.js'

/** Tests run one after another, because each starts two clouds. */
const test = ava.serial

test('no resource counts as deleted if the cloud fails in the middle of a list', async t => {
  let answered = 0
  const dies = (cloud: string, request: IncomingMessage, response: ServerResponse) => {
    if (cloud !== 'sp1' || pathOf(request) !== '/image/v2/images' || request.method !== 'GET')
      return false
    answered += 1
    if (answered === 1) return false
    response.destroy()
    return true
  }
  const scene = await startScene(t, { intercept: dies })
  await makeImage(scene)
  const gone = image(randomUUID())
  await scene.recordEvents(created(gone, alice, before))
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

test('a short failure in the middle of a list is retried', async t => {
  let failures = 2
  const fails = (cloud: string, request: IncomingMessage, response: ServerResponse) => {
    if (cloud !== 'sp1' || !pathOf(request).endsWith('/volumes/detail') || failures === 0)
      return false
    failures -= 1
    response.writeHead(503).end()
    return true
  }
  const scene = await startScene(t, { intercept: fails })
  const { outcome } = await scene.reconcile()
  t.deepEqual(outcome.failed, [])
})

/** Make sp1 list this number of images, in pages like Glance, and return the received queries. */
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

test('thousands of resources are listed page by page, and thousands can be found deleted', async t => {
  const { ids, asked, intercept } = glanceWith(2600)
  const scene = await startScene(t, { intercept })
  const ghosts = Array.from({ length: 600 }, () => created(volume(randomUUID()), alice, before))
  await scene.recordEvents(...ghosts)
  const { drifts, outcome } = await scene.reconcile()
  t.is(drifts.length, ids.length + ghosts.length)
  t.is(new Set(drifts.map(({ resource }) => resource.id)).size, drifts.length)
  t.is(outcome.collections[0]?.listed, ids.length)
  t.is(asked.length, Math.ceil(ids.length / 500) + 1, 'one more for what is hidden')
  t.true(asked.every(query => query.get('visibility') === 'all'))
  t.deepEqual((await scene.reconcile()).drifts, [])
})

test('a list continues if the marker of its next page was deleted', async t => {
  const { ids, asked, intercept } = glanceWith(700)
  const refused: string[] = []
  const forgets = (cloud: string, request: IncomingMessage, response: ServerResponse) => {
    const marker = new URLSearchParams(request.url?.replace(/.*\?/, '')).get('marker')
    if (refused.length > 0 || marker === null) return intercept(cloud, request, response)
    refused.push(marker)
    response.writeHead(400).end()
    return true
  }
  const scene = await startScene(t, { intercept: forgets })
  const { outcome } = await scene.reconcile()
  t.deepEqual(refused, ids.slice(499, 500))
  t.is(asked[1]?.get('marker'), ids[498])
  t.is(outcome.collections[0]?.listed, ids.length)
})

test('an endless list ends with an error, and its links are not followed', async t => {
  const id = randomUUID()
  const circles = (cloud: string, request: IncomingMessage, response: ServerResponse) => {
    if (cloud !== 'sp1' || pathOf(request) !== '/image/v2/images') return false
    const page = { images: [{ id, owner: alice }], next: 'http://127.0.0.1:1/v2/images' }
    return answerJson(response, page)
  }
  const scene = await startScene(t, { intercept: circles })
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
    const scene = await startScene(t, { intercept: lies })
    const gone = image(randomUUID())
    await scene.recordEvents(created(gone, alice, before))
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
    return answerJson(response, list)
  }
  const scene = await startScene(t, { intercept: answers })
  await scene.reconcile()
  t.deepEqual(scene.located('backup', backup), [`sp1 ${alice}`])
  t.deepEqual(scene.located('group', group), [`sp1 ${bob}`])
  t.deepEqual(
    asked,
    Object.keys(lists).map(name => `${name} volume latest`),
  )
})

test('an image with a pending deletion counts as deleted', async t => {
  const id = randomUUID()
  const pending = { id, owner: alice, status: 'pending_delete' }
  const answers = (cloud: string, request: IncomingMessage, response: ServerResponse) => {
    if (cloud !== 'sp1' || !pathOf(request).startsWith('/image/v2/images')) return false
    const list = pathOf(request) === '/image/v2/images'
    const body = JSON.stringify(list ? { images: [pending] } : pending)
    response.setHeader('Content-Type', 'application/json').end(body)
    return true
  }
  const scene = await startScene(t, { intercept: answers })
  await scene.recordEvents(created(image(id), alice, before))
  const { drifts } = await scene.reconcile()
  t.deepEqual(
    drifts.map(({ difference }) => difference),
    ['gone'],
  )
})

test('a token that is rejected in the middle of a list is replaced once', async t => {
  let refusals = 1
  const refuses = (cloud: string, request: IncomingMessage, response: ServerResponse) => {
    if (cloud !== 'sp1' || refusals === 0 || !pathOf(request).endsWith('/snapshots/detail'))
      return false
    refusals -= 1
    response.writeHead(401).end()
    return true
  }
  const scene = await startScene(t, { intercept: refuses })
  const { outcome } = await scene.reconcile()
  t.deepEqual(outcome.failed, [])
  const logins = scene.federation
    .cloud('sp1')
    .requests()
    .filter(({ method, path }) => method === 'POST' && path.endsWith('/auth/tokens'))
  t.is(logins.length, 3, 'that of the test, and two of the run')
})

test('a service that is down is not asked again for its other collections', async t => {
  const down = (cloud: string, request: IncomingMessage, response: ServerResponse) => {
    if (cloud !== 'sp1' || !pathOf(request).startsWith('/volume/')) return false
    response.destroy()
    return true
  }
  const scene = await startScene(t, { intercept: down })
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

test('an endpoint that is a Mixmatch is rejected', async t => {
  const other = (cloud: string, request: IncomingMessage, response: ServerResponse) => {
    if (cloud !== 'sp1' || !pathOf(request).startsWith('/image/')) return false
    response.setHeader('MM-Service-Provider', 'sp1, sp2')
    return answerJson(response, { images: [{ id: randomUUID(), owner: alice }] })
  }
  const scene = await startScene(t, { intercept: other })
  const { drifts, outcome } = await scene.reconcile()
  t.deepEqual(drifts, [])
  t.regex(outcome.failed[0]?.reason ?? '', /is a Mixmatch.*image_endpoint/)
})

test('a Date header out of range is ignored', async t => {
  const other = (cloud: string, request: IncomingMessage, response: ServerResponse) => {
    if (cloud !== 'sp1' || pathOf(request) !== '/image/v2/images') return false
    response.setHeader('Date', 'Fri, 01 Jan +275000 00:00:00 GMT')
    return answerJson(response, { images: [{ id: randomUUID(), owner: alice }] })
  }
  const scene = await startScene(t, { intercept: other })
  const { drifts } = await scene.reconcile()
  t.true(drifts.length > 0)
  t.true(drifts.every(({ at }) => at <= Date.now() * 1000))
})
