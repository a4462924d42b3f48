import test from 'ava'
import { projectId, resourceId } from '../../src/ids.js'
import { createProxyMetrics } from '../../src/metrics/proxy-metrics.js'
import {
  alice,
  at,
  bob,
  cornmeal,
  created,
  deleted,
  disk,
  event,
  idp,
  image,
  millet,
  transferred,
} from '../controls.js'
import { consoleOf, request, requestComplete } from './console-server.js'
import { logOf } from './example-log.js'

const clouds = [idp, cornmeal, millet]

/** The rows of a page's tables as texts, without markup. */
function rowsOf(body: unknown): string[] {
  return [...String(body).matchAll(/<tr>(<td.*?)<\/tr>/gs)].map(([, cells = '']) =>
    cells
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim(),
  )
}

test('the page of a resource shows each placement and each event of the log', async t => {
  const file = logOf(t, [
    created(disk, alice, { serviceProvider: cornmeal, emittedAt: at(1) }),
    transferred(disk, bob, { serviceProvider: cornmeal, emittedAt: at(2) }),
    deleted(disk, { serviceProvider: cornmeal, emittedAt: at(3) }),
    created(image, alice, { serviceProvider: millet, emittedAt: at(4) }),
  ])
  const { status, body } = await request(
    consoleOf(file, clouds),
    `/console/resource/volume/${disk.id}`,
  )
  t.is(status, 200)
  t.deepEqual(rowsOf(body), [
    'cornmeal a11ce000… 2026-11-23 13:20:01 1 2026-11-23 13:20:02 2',
    'cornmeal b0b00000… 2026-11-23 13:20:02 2 2026-11-23 13:20:03 3',
    '1 2026-11-23 13:36:40 cornmeal volume.create.start created volume 11111111… a11ce000…',
    '2 2026-11-23 13:36:41 cornmeal volume.transfer.accept.end transferred volume 11111111… b0b00000…',
    '3 2026-11-23 13:36:42 cornmeal volume.delete.end deleted volume 11111111… no project',
  ])
  t.regex(String(body), /No cloud holds it/)
  t.regex(
    String(body),
    /deleted it at .*13:20:03<\/time>, says event <a href="\/console\/event\/3">/s,
  )
})

test('the time slider shows where a resource was known to be at its moment', async t => {
  const file = logOf(t, [
    created(disk, alice, { serviceProvider: cornmeal }),
    deleted(disk, { serviceProvider: cornmeal }),
  ])
  const whileHeld = (at(1000) + 500_000) / 1000
  const { body } = await request(
    consoleOf(file, clouds),
    `/console/resource/volume/${disk.id}?time=${whileHeld}`,
  )
  t.regex(String(body), /Where it was/)
  t.regex(String(body), /<strong><span class="cloud c\d">cornmeal<\/span><\/strong>/)
  t.regex(String(body), /located: cornmeal holds volume 1{8}-/)
})

test('the first page of the console counts what each cloud holds by project and type, now and before', async t => {
  const file = logOf(t, [
    created(disk, alice, { serviceProvider: cornmeal, emittedAt: at(1000) }),
    created(image, alice, { serviceProvider: millet, emittedAt: at(1001) }),
    transferred(disk, bob, { serviceProvider: cornmeal, emittedAt: at(1002) }),
    deleted(image, { serviceProvider: millet, emittedAt: at(1003) }),
  ])
  const console = consoleOf(file, clouds)
  const now = await requestComplete(console, '/console/')
  t.deepEqual(rowsOf(now.body).slice(-3), [
    'b0b00000… 1 · 1',
    'volume 1 · 1',
    'a11ce000… b0b00000… cornmeal 1',
  ])
  const before = await request(console, `/console/?time=${at(999) / 1000}`)
  t.regex(String(before.body), /No resources\./)
})

test('the first page of the console counts all resources, also of projects that its table leaves out', async t => {
  const events = Array.from({ length: 103 }, (_, index) => {
    const id = resourceId(`11111111-1111-4111-8111-${String(index).padStart(12, '0')}`)
    const project = projectId(String(index).padStart(32, 'a'))
    return created({ type: 'volume', id }, project, { emittedAt: at(1000) })
  })
  const { body } = await requestComplete(consoleOf(logOf(t, events), clouds), '/console/')
  t.regex(String(body), /<h2>By project <small>103 resources<\/small>/)
  t.regex(String(body), /and 3 more projects with 3 resources/)
})

test('a search in the console opens a single result at once, and lists several results', async t => {
  const named = (resource: typeof disk, name: string) => ({
    ...created(resource, alice, { serviceProvider: millet }),
    body: JSON.stringify({ payload: { display_name: name } }),
  })
  const file = logOf(t, [named(disk, 'web database'), named(image, 'Web server')])
  const console = consoleOf(file, clouds)
  const one = await request(console, '/console/search?q=1111')
  t.is(one.headers['Location'], `/console/resource/volume/${disk.id}`)
  const position = await request(console, '/console/search?q=2')
  t.is(position.headers['Location'], '/console/event/2')
  const name = await request(console, '/console/search?q=DATABASE')
  t.is(name.headers['Location'], `/console/resource/volume/${disk.id}`)
  const several = await request(console, '/console/search?q=web')
  t.deepEqual(rowsOf(several.body), [
    'image 22222222… Web server millet a11ce000… 2',
    'volume 11111111… web database millet a11ce000… 1',
  ])
  const whole = await request(console, `/console/search?q=${disk.id}`)
  t.is(whole.headers['Location'], `/console/resource/volume/${disk.id}`)
  const project = await request(console, `/console/search?q=${alice}`)
  t.regex(String(project.body), new RegExp(`href="/console/project/${alice}"`))
  const none = await request(console, '/console/search?q=abc')
  t.is(none.status, 404)
  t.regex(String(none.body), /nothing found/)
})

test('the page of an event shows its message', async t => {
  const file = logOf(t, [event({ body: '{"payload":{"display_name":"<b>bold</b>"}}' })])
  const { body } = await request(consoleOf(file, clouds), '/console/event/1')
  t.regex(String(body), /&#34;display_name&#34;: &#34;&#60;b&#62;bold&#60;\/b&#62;&#34;/)
  t.false(String(body).includes('<b>bold'))
})

test('the explanation of a request names the event that it rests on', async t => {
  const file = logOf(t, [created(image, alice, { serviceProvider: cornmeal })])
  const { body } = await request(
    consoleOf(file, clouds),
    `/console/explain?method=GET&path=/image/v2/images/${image.id}`,
  )
  t.regex(String(body), /located: cornmeal holds image 2{8}-2222-4222-8222-2{12}, says event 1\./)
  t.deepEqual(rowsOf(body), [
    '1 2026-11-23 13:36:40 cornmeal image.create.start created image 22222222… a11ce000…',
  ])
})

test('the stream of events sends rows of the table, from the given position on', async t => {
  const file = logOf(t, [created(disk, alice), created(image, alice, { serviceProvider: millet })])
  const { body, headers } = await request(
    consoleOf(file, clouds),
    '/console/events/stream?after=1&cloud=millet',
  )
  t.is(headers['Content-Type'], 'text/event-stream; charset=utf-8')
  if (typeof body === 'string' || Buffer.isBuffer(body)) return t.fail('expected a stream')
  for await (const message of body) {
    const [id, name, data = ''] = message.split('\n')
    t.deepEqual([id, name], ['id: 2', 'event: rows'])
    t.deepEqual(rowsOf(JSON.parse(data.slice('data: '.length))), [
      '2 2026-11-23 13:36:41 millet image.create.start created image 22222222… a11ce000…',
    ])
    break
  }
})

test('the console rejects a page that does not exist, and a method that writes', async t => {
  const console = consoleOf(logOf(t, [created(disk, alice)]), clouds)
  t.is((await request(console, '/console/nothing')).status, 404)
  t.is((await request(console, '/console/resource/volume/unknown')).status, 404)
  t.is((await request(console, '/console/events', { method: 'POST' })).status, 405)
  t.is((await request(console, '/')).headers['Location'], '/console/')
})

test('every response of the console forbids inline scripts and content of other origins', async t => {
  const console = consoleOf(logOf(t, [created(disk, alice)]), clouds)
  for (const path of ['/console/', '/console/nothing', '/console/assets/x/console.css']) {
    const { headers } = await request(console, path)
    t.regex(headers['Content-Security-Policy'] ?? '', /^default-src 'none'; script-src 'self';/)
    t.is(headers['X-Content-Type-Options'], 'nosniff')
  }
})

test('no page of the console has an inline script, an inline style or an event handler', async t => {
  const console = consoleOf(logOf(t, [created(disk, alice)]), clouds)
  for (const path of ['', 'events', 'explain', 'event/1', `resource/volume/${disk.id}`]) {
    const { body } = await request(console, `/console/${path}`)
    t.notRegex(String(body), /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=/i, path)
  }
})

test('the page of buses has a lane and a row for each cloud with its events', async t => {
  const file = logOf(t, [
    created(disk, alice, { serviceProvider: cornmeal }),
    created(image, alice, { serviceProvider: millet }),
    deleted(disk, { serviceProvider: cornmeal }),
  ])
  const { status, body } = await requestComplete(
    consoleOf(file, clouds),
    '/console/buses?window=all',
  )
  t.is(status, 200)
  t.regex(String(body), /aria-label="cornmeal: 2 events, 0 silences, 0 gaps"/)
  t.deepEqual(
    rowsOf(body)
      .filter(row => / s$/.test(row))
      .map(row => row.split(' ').slice(0, 3).join(' ')),
    ['cornmeal 2 0', 'millet 1 0'],
  )
})

test('the page of conflicts names the cloud to which requests go first', async t => {
  const file = logOf(t, [
    created(disk, alice, { serviceProvider: millet }),
    created(disk, bob, { serviceProvider: cornmeal }),
    created(image, bob, { serviceProvider: cornmeal }),
  ])
  const { body } = await requestComplete(consoleOf(file, clouds), '/console/conflicts')
  t.deepEqual(rowsOf(body), ['volume 11111111… millet cornmeal'])
  t.regex(String(body), /1 id is held by several clouds/)
})

test('the page of a project shows what it has and its newest events', async t => {
  const file = logOf(t, [
    created(disk, alice, { serviceProvider: cornmeal }),
    created(image, bob, { serviceProvider: millet }),
  ])
  const { body } = await requestComplete(consoleOf(file, clouds), `/console/project/${alice}`)
  t.deepEqual(rowsOf(body), [
    'cornmeal volume 1',
    'volume 11111111… – cornmeal a11ce000… 1',
    '1 2026-11-23 13:36:40 cornmeal volume.create.start created volume 11111111… a11ce000…',
  ])
})

test('the page of requests sums up the metrics of all workers', async t => {
  const worker = async () => {
    const metrics = createProxyMetrics()
    const common = {
      service: 'image',
      method: 'GET',
      fault: null,
      firstByteSeconds: null,
      offload: null,
      bytesReceived: 0,
      bytesSent: 0,
    }
    const answered = { ...common, cloud: cornmeal, status: 200, reason: 'located' }
    for (const seconds of [0.02, 0.02, 0.2]) metrics.countRequest({ ...answered, seconds })
    metrics.countRequest({ ...common, cloud: 'none', status: 401, reason: 'none', seconds: 0.001 })
    return await metrics.snapshot()
  }
  const metrics = async () => [await worker(), await worker()]
  const file = logOf(t, [created(disk, alice)])
  const { body } = await request(consoleOf(file, clouds, { metrics }), '/console/requests')
  t.deepEqual(rowsOf(body), [
    'cornmeal 6',
    'none 2',
    'cornmeal 21 ms 227 ms 245 ms',
    'none 3 ms 5 ms 5 ms',
    'cornmeal 6 0',
    'none 0 2',
    'cornmeal 6 0',
    'none 0 2',
  ])
})

test('an audit report is made on demand, and may not run scripts', async t => {
  const file = logOf(t, [created(disk, alice, { serviceProvider: cornmeal })])
  const { status, headers, body } = await request(consoleOf(file, clouds), '/console/audit/summary')
  t.is(status, 200)
  t.regex(String(body), /<h1>Audit summary<\/h1>/)
  t.regex(headers['Content-Security-Policy'] ?? '', /^default-src 'none'; .*sandbox$/)
})
