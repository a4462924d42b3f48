import { get } from 'node:http'
import test, { type ExecutionContext } from 'ava'
import { MixmatchError } from '../../src/errors.js'
import { createAdmission } from '../../src/http/ops-visitor.js'
import { openLog } from '../../src/log/open-log.js'
import { alice, at, cornmeal, created, disk, image } from '../controls.js'
import { until } from '../until.js'
import { caller, project } from './federation.js'
import { openOpsPort } from './ops-port.js'

/** The port for operators over a log with one event. */
const open = (t: ExecutionContext, access: Parameters<typeof openOpsPort>[2] = {}) =>
  openOpsPort(t, [created(disk, alice)], access)

test('the API answers with JSON, and each request stands in the access log', async t => {
  const { url, lines } = await open(t)
  const response = await fetch(`${url}/v1/events?limit=1`)
  t.is(response.status, 200)
  t.is(response.headers.get('cache-control'), 'no-store')
  t.like(await response.json(), { events: [{ position: 1 }], next: null })
  const detail: unknown = await (await fetch(`${url}/v1/events/1`)).json()
  t.like(detail, { position: 1, event_type: 'volume.create.start', source: 'bus' })
  const place: unknown = await (await fetch(`${url}/v1/resources/${disk.id}`)).json()
  t.like(place, { places: [{ service_provider: 'cornmeal', project: alice }] })
  const line = lines.find(({ path }) => path === '/v1/events?limit=1')
  t.like(line, { access: true, port: 'ops', method: 'GET', status: 200, sees: 'all projects' })
})

test('an error of the API is JSON with a message, and without a stack', async t => {
  const { url, lines } = await open(t)
  const get = async (path: string) => {
    const response = await fetch(`${url}${path}`)
    return [response.status, await response.json()] as const
  }
  const [status, body] = await get('/v1/events?limt=1')
  t.is(status, 400)
  t.like(body, { error: { code: 400, title: 'Bad Request' } })
  t.regex(JSON.stringify(body), /limt/)
  t.is((await get('/v1/events/99'))[0], 404)
  const deletion = await fetch(`${url}/v1/events`, { method: 'DELETE' })
  t.is(deletion.headers.get('allow'), 'HEAD, GET')
  t.like(await deletion.json(), {
    error: { code: 405, message: 'This path allows only HEAD, GET.' },
  })
  const [unknown, hint] = await get('/v1/nothing')
  t.is(unknown, 404)
  t.regex(JSON.stringify(hint), /openapi\.json/)
  t.like(
    lines.find(({ path }) => path === '/v1/events/99'),
    { status: 404, fault: 'NOT_FOUND' },
  )
})

test('a refusal of the console stands in the access log with its reason', async t => {
  const fault = { code: 'FORBIDDEN', message: 'It needs a role.' }
  const console = async () => ({ status: 403, headers: {}, body: 'no', fault })
  const { url, lines } = await openOpsPort(t, [], {}, { console })
  t.is((await fetch(`${url}/console/audit/summary`)).status, 403)
  await until('the refusal is logged', () => lines.some(({ access }) => access === true))
  t.like(
    lines.find(({ access }) => access === true),
    {
      path: '/console/audit/summary',
      status: 403,
      fault: 'FORBIDDEN',
      problem: 'It needs a role.',
    },
  )
})

test('a request is explained from a JSON body', async t => {
  const { url } = await open(t)
  const post = (body: string) =>
    fetch(`${url}/v1/explain`, {
      method: 'POST',
      body,
      headers: { 'Content-Type': 'application/json' },
    })
  t.is((await post('[]')).status, 400)
  t.is((await post(`{"method":"${'x'.repeat(300_000)}"}`)).status, 413)
  const path = '/image/v2/images'
  const explained = await post(JSON.stringify({ method: 'GET', path, headers: { 'X-A': 'b' } }))
  t.is(explained.status, 200)
  t.like(await explained.json(), {
    needs_body: false,
    decision: { kind: 'one', because: 'default' },
  })
})

/** `good` is a token of a reader. */
const admit = createAdmission({
  authenticate: async token => {
    if (token.reveal() === 'good')
      return { ...caller, roles: ['reader'], project: project(alice, 'a') }
    if (token.reveal() === 'member') return caller
    throw new MixmatchError('NOT_AUTHENTICATED', 'The token is not valid.')
  },
  projectsElsewhere: async () => [{ service_provider: cornmeal, project: alice }],
  adminRoles: ['admin'],
  readerRoles: ['reader'],
  cacheSeconds: 600,
})

test("with a token the API shows what is the visitor's, and each refusal stands in the access log", async t => {
  const { url, lines } = await open(t, { admit, isOpen: () => false })
  const statusWith = async (headers: Record<string, string>) =>
    (await fetch(`${url}/v1/events`, { headers })).status
  t.is(await statusWith({}), 401)
  t.is(await statusWith({ 'X-Auth-Token': 'bad' }), 401)
  t.is(await statusWith({ 'X-Auth-Token': 'member' }), 403)
  t.is(await statusWith({ 'X-Auth-Token': 'good' }), 200)
  const logged = lines.filter(({ access }) => access === true)
  t.deepEqual(
    logged.map(({ status, fault, sees }) => [status, fault, sees]),
    [
      [401, 'NOT_AUTHENTICATED', null],
      [401, 'NOT_AUTHENTICATED', null],
      [403, 'FORBIDDEN', null],
      [200, null, 'own project'],
    ],
  )
  t.regex(String(logged[2]?.['problem']), /^User alice \(user-1\) has none of the roles/)
  t.false(JSON.stringify(lines).includes('good'))
  t.is((await fetch(`${url}/metrics`)).status, 200)
})

test('a reader gets 403 for the log as a whole, and no path or count of it', async t => {
  const { url } = await open(t, { admit, isOpen: () => false })
  const headers = { 'X-Auth-Token': 'good' }
  const log = await fetch(`${url}/v1/log`, { headers })
  t.is(log.status, 403)
  t.false((await log.text()).includes('events.db'))
  // A busy machine answers "not complete" first.
  let activity = ''
  await until('the activity is complete', async () => {
    activity = await (await fetch(`${url}/v1/activity?since=1`, { headers })).text()
    return activity.includes('"complete":true')
  })
  t.like(JSON.parse(activity), { clouds: [{ events: null, unparseable: null, activity: null }] })
})

test('a reader sees the state of the clouds without the count of conflicts, which is that of all projects', async t => {
  const state = { missing: [], log_position: 9, views_position: 9, conflicts: 3, clouds: [] }
  const clouds = async () => state
  const { url } = await open(t, { admit, clouds, isOpen: () => false })
  const asReader = await fetch(`${url}/v1/clouds`, { headers: { 'X-Auth-Token': 'good' } })
  t.deepEqual(await asReader.json(), { ...state, conflicts: null })
  const { url: openUrl } = await open(t, { clouds })
  t.deepEqual(await (await fetch(`${openUrl}/v1/clouds`)).json(), state)
})

test('the OpenAPI description needs no token', async t => {
  const { url } = await open(t, { admit, isOpen: () => false })
  const response = await fetch(`${url}/openapi.json`)
  t.is(response.status, 200)
  t.like(await response.json(), { openapi: '3.1.0' })
})

test('health and metrics need a token if the configuration says so', async t => {
  const { url, lines } = await open(t, { admit, isHealthClosed: () => true })
  for (const path of ['/healthcheck', '/ready', '/metrics']) {
    t.is((await fetch(`${url}${path}`)).status, 401)
    t.is((await fetch(`${url}${path}`, { headers: { 'X-Auth-Token': 'good' } })).status, 200)
  }
  t.is(lines.filter(({ access }) => access === true).length, 3)
})

test('an API without tokens answers only to localhost and addresses, against DNS rebinding', async t => {
  const { url } = await open(t)
  const { port } = new URL(url)
  const statusAs = (host: string) =>
    new Promise(resolve => {
      get(`${url}/v1/log`, { headers: { Host: host } }, ({ statusCode }) => resolve(statusCode))
    })
  t.is(await statusAs(`localhost:${port}`), 200)
  t.is(await statusAs(`127.0.0.1:${port}`), 200)
  t.is(await statusAs(`[::1]:${port}`), 200)
  t.is(await statusAs(`evil.example:${port}`), 403)
  t.is(await statusAs('127.0.0.1.evil.example'), 403)
})

/** Read a stream of events until it contains a text. */
async function readUntil(response: Response, text: string): Promise<string> {
  let received = ''
  for await (const chunk of response.body ?? []) {
    received += Buffer.from(chunk).toString()
    if (received.includes(text)) break
  }
  return received
}

test('new events are streamed as they are recorded, also after an interruption', async t => {
  const { url, logFile } = await open(t)
  const follow = (query: string, headers: Record<string, string> = {}) =>
    fetch(`${url}/v1/events/stream${query}`, { headers })
  const response = await follow('?type=image.*')
  t.is(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  {
    using log = openLog(logFile)
    log.append([created(disk, alice), created(image, alice)], at(10))
  }
  const received = await readUntil(response, 'id: 3')
  t.regex(received, /id: 3\nevent: event\ndata: \{"position":3,.*"event_type":"image.create.start"/)
  t.notRegex(received, /id: [12]\n/)
  const again = await readUntil(await follow('', { 'Last-Event-ID': '1' }), 'id: 3')
  t.regex(again, /id: 2\n[\s\S]*id: 3\n/)
})

test('a stream with a wrong parameter is refused with JSON', async t => {
  const { url } = await open(t)
  const response = await fetch(`${url}/v1/events/stream?limt=1`)
  t.is(response.status, 400)
  t.regex(await response.text(), /limt/)
  t.is((await fetch(`${url}/v1/events/stream?cursor=x`)).status, 400)
})
