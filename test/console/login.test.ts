import { createHash } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import { people } from '../../sandbox/people.js'
import { projectId } from '../../src/ids.js'
import { createOpsAdmission } from '../../src/process/ops-admission.js'
import { created, disk, idp, image } from '../controls.js'
import { configOf } from '../process/federated-config.js'
import { logIn, startClouds } from '../sandbox/clouds.js'
import { consoleOf, request } from './console-server.js'
import { logOf } from './example-log.js'

/** As the sandbox makes the ids of its projects. */
const projectOf = (name: string) =>
  projectId(createHash('sha256').update(`default/project/${name}`).digest('hex').slice(0, 32))

const ownForm = { 'sec-fetch-site': 'same-origin' }

/** A console that asks for a login with a miniature Keystone. */
async function guarded(t: ExecutionContext, now: () => number = Date.now) {
  const federation = await startClouds(t)
  const config = configOf(t, federation)
  const logger = pino({ level: 'silent' })
  const admission = createOpsAdmission({ auth: 'keystone', config: () => config, logger })
  t.teardown(() => admission[Symbol.asyncDispose]())
  const file = logOf(t, [
    created(disk, projectOf('demo'), { serviceProvider: idp }),
    created(image, projectOf('alt_demo'), { serviceProvider: idp }),
  ])
  const console = consoleOf(file, ['default', 'sp1', 'sp2'], {
    isOpen: () => false,
    access: admission,
    now,
  })
  const get = (path: string, cookie = '') => request(console, path, { headers: { cookie } })
  const post = (path: string, form: Record<string, string>, headers = {}) =>
    request(console, path, { method: 'POST', form, headers: { ...ownForm, ...headers } })
  return { federation, get, post }
}

type Person = (typeof people)[keyof typeof people]
const credentials = ({ name, password, project }: Person) => ({ user: name, password, project })
const cookieOf = (headers: Readonly<Record<string, string>>) =>
  headers['Set-Cookie']?.split(';')[0] ?? ''

test('without a session every page of the console redirects to the login, which redirects back', async t => {
  const { get, post } = await guarded(t)
  const { status, headers } = await get('/console/events?cloud=sp1')
  t.deepEqual(
    [status, headers['Location']],
    [303, '/console/login?next=%2Fconsole%2Fevents%3Fcloud%3Dsp1'],
  )
  t.is((await get('/console/login')).status, 200)
  const next = '/console/events?cloud=sp1'
  const answer = await post('/console/login', { ...credentials(people.admin), next })
  t.deepEqual([answer.status, answer.headers['Location']], [303, next])
})

test('the session of the console is a cookie that scripts and other sites cannot use', async t => {
  const { get, post } = await guarded(t)
  const { headers } = await post('/console/login', credentials(people.admin))
  t.regex(
    headers['Set-Cookie'] ?? '',
    /^mixmatch_console=[\w-]{43}; Path=\/console; HttpOnly; SameSite=Strict$/,
  )
  const { status, body } = await get('/console/events', cookieOf(headers))
  t.is(status, 200)
  t.regex(String(body), /admin <span class="quiet">sees all projects/)
})

test('a reader sees its own project by its name in the console, and nothing of other projects', async t => {
  const { get, post } = await guarded(t)
  const { headers } = await post('/console/login', credentials(people.demo))
  const { body } = await get('/console/events', cookieOf(headers))
  t.regex(String(body), /demo <span class="quiet">sees project demo/)
  t.regex(String(body), new RegExp(`title="${projectOf('demo')}">demo</a>`))
  t.true(String(body).includes(disk.id))
  t.false(String(body).includes(image.id))
  t.is((await get(`/console/resource/image/${image.id}`, cookieOf(headers))).status, 404)
  t.is((await get('/console/audit/summary', cookieOf(headers))).status, 403)
  const buses = await get('/console/buses?window=all', cookieOf(headers))
  t.is(buses.status, 200)
  t.false(/\d events, /.test(String(buses.body)))
  t.regex(String(buses.body), /aria-label="default: \d+ silences/)
})

test('a token logs in to the console as well', async t => {
  const { federation, get, post } = await guarded(t)
  const { token } = await logIn(federation.cloud('default'), people.admin)
  const { headers } = await post('/console/login', { token })
  t.is((await get('/console/events', cookieOf(headers))).status, 200)
})

test('a wrong password, a made-up token and a user without a role are refused', async t => {
  const { post } = await guarded(t)
  const wrong = await post('/console/login', { ...credentials(people.admin), password: 'wrong' })
  t.is(wrong.status, 401)
  t.regex(String(wrong.body), /Keystone does not accept this login/)
  t.false(String(wrong.body).includes('wrong'))
  t.is((await post('/console/login', { token: 'made-up' })).status, 401)
  const service = await post('/console/login', credentials(people.mixmatch))
  t.is(service.status, 403)
  t.is(service.headers['Set-Cookie'], undefined)
})

test('a form of another site can neither log a browser in nor out', async t => {
  const { get, post } = await guarded(t)
  const { headers } = await post('/console/login', credentials(people.admin))
  for (const foreign of [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': '', origin: 'https://evil.example', host: 'console.example' },
    { 'sec-fetch-site': '', origin: 'null', host: 'console.example' },
    { 'sec-fetch-site': '' },
  ]) {
    t.is((await post('/console/login', credentials(people.demo), foreign)).status, 403)
    t.is((await post('/console/logout', {}, { ...foreign, cookie: cookieOf(headers) })).status, 403)
  }
  t.is((await get('/console/events', cookieOf(headers))).status, 200)
})

test('the login of the console never redirects to another site', async t => {
  const { post } = await guarded(t)
  for (const next of [
    '//evil.example/',
    'https://evil.example/',
    '/console/\\..\\//evil.example',
    '/v1/events',
  ]) {
    const { headers } = await post('/console/login', { ...credentials(people.admin), next })
    t.is(headers['Location'], '/console/', next)
  }
})

test('a session of the console ends with the logout, and with its token', async t => {
  let late = 0
  const { get, post } = await guarded(t, () => Date.now() + late)
  const first = cookieOf((await post('/console/login', credentials(people.admin))).headers)
  await post('/console/logout', {}, { cookie: first })
  t.is((await get('/console/events', first)).status, 303)
  const second = cookieOf((await post('/console/login', credentials(people.admin))).headers)
  t.is((await get('/console/events', second)).status, 200)
  late = 365 * 86_400_000
  t.is((await get('/console/events', second)).status, 303)
})

test('the console keeps its frame around a refusal, and hands who was refused and why to the access log', async t => {
  const { get, post } = await guarded(t)
  const { headers } = await post('/console/login', credentials(people.demo))
  const cookie = cookieOf(headers)
  const report = await get('/console/audit/summary', cookie)
  t.is(report.fault?.code, 'FORBIDDEN')
  t.regex(report.fault?.message ?? '', /admin_roles/)
  t.is(report.visitor?.viewer === 'all', false)
  t.regex(String(report.body), /<nav aria-label="Pages">/)
  const others = await get(`/console/resource/image/${image.id}`, cookie)
  t.deepEqual([others.fault?.code, others.visitor?.role], ['NOT_FOUND', 'reader'])
  const wrong = await post('/console/login', { ...credentials(people.demo), password: 'wrong' })
  t.deepEqual([wrong.status, wrong.fault?.code], [401, 'NOT_AUTHENTICATED'])
  const foreign = await post('/console/login', {}, { 'sec-fetch-site': 'cross-site' })
  t.deepEqual([foreign.status, foreign.fault?.code], [403, 'FORBIDDEN'])
})
