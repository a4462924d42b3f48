import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { openLog } from '../../src/log/open-log.js'
import { toEvent } from '../../src/observation/observation.js'
import {
  alice,
  at,
  bob,
  cornmeal,
  created,
  deleted,
  disk,
  folder,
  idp,
  millet,
} from '../controls.js'
import { mixmatch } from './run-command.js'

const LOG = ['--log', 'events.db']
const SHOW = `/volume/v3/${alice}/volumes/${disk.id}`

/** A disk that was at one cloud and is now at another. */
function moved(path: string): void {
  using log = openLog(join(path, 'events.db'))
  log.append([created(disk, alice)], at(60))
  log.append([deleted(disk), created(disk, bob, { serviceProvider: millet })], at(120))
}

test('explain --at uses only the events up to that point, from the log without views', async t => {
  const path = folder(t)
  moved(path)
  const then = await mixmatch(path, 'explain', 'GET', SHOW, ...LOG, '--at', '1')
  t.regex(then.out, /^located: cornmeal holds .*, says event 1\n/)
  const now = await mixmatch(path, 'explain', 'GET', SHOW, ...LOG)
  t.regex(now.out, /^located: millet holds .*, says event 3\n/)
  const before = await mixmatch(path, 'explain', 'GET', SHOW, ...LOG, '--at', '2001-01-01')
  t.regex(before.out, /^default: nothing says otherwise/)
})

test('explain --request-id prints the logged decision and the decision by the log as of that time', async t => {
  const path = folder(t)
  moved(path)
  const line = {
    access: true,
    time: new Date((at(90) + 250_000) / 1000).toISOString(),
    request_id: 'req-11111111-1111-4111-8111-111111111111',
    global_request_id: 'req-22222222-2222-4222-8222-222222222222',
    upstream_request_id: 'req-33333333-3333-4333-8333-333333333333', // the one that the client saw
    method: 'GET',
    path: SHOW,
    ms: 250,
    status: 200,
    reason: 'located',
    service_provider: cornmeal,
    rests_on: 1,
  }
  writeFileSync(
    join(path, 'access.log'),
    `no JSON\n{"request_id":"other"}\n${JSON.stringify(line)}\n`,
  )
  for (const id of [line.request_id, line.global_request_id, line.upstream_request_id]) {
    const args = ['--request-id', id, '--access-log', 'access.log']
    const { code, out } = await mixmatch(path, 'explain', ...args, ...LOG)
    t.is(code, 0)
    t.regex(out, /answered +200 by cornmeal\n/)
    t.regex(out, /located: cornmeal holds .*, says event 1\n/)
  }
})

test('explain names missing arguments', async t => {
  const path = folder(t)
  moved(path)
  t.is((await mixmatch(path, 'explain', ...LOG)).code, 2)
  t.is((await mixmatch(path, 'explain', '--request-id', 'req-1', ...LOG)).code, 2)
  writeFileSync(join(path, 'access.log'), '')
  const args = ['--request-id', 'req-1', '--access-log', 'access.log']
  const { code, err } = await mixmatch(path, 'explain', ...args, ...LOG)
  t.is(code, 1)
  t.regex(err, /access\.log: no request req-1/)
})

test('explain accepts a complete URL, also with a path before the service', async t => {
  const path = folder(t)
  moved(path)
  const now = await mixmatch(path, 'explain', 'GET', SHOW, ...LOG)
  for (const base of [
    'http://proxy:5001',
    'https://cloud.example.org/resource',
    'HTTP://[::1]:5001',
  ]) {
    const whole = await mixmatch(path, 'explain', 'GET', `${base}${SHOW}?a=/image/b#c`, ...LOG)
    t.is(whole.out, now.out)
    t.is(whole.code, 0)
  }
})

test('explain says what the proxy does with requests below /network', async t => {
  const path = folder(t)
  moved(path)
  const extended = '/network/v2.0/networks/extended'
  const explain = (...args: string[]) => mixmatch(path, 'explain', ...args, ...LOG)
  const sentence =
    'network extension: Mixmatch creates a network at default that extends the one in the body'
  const condition = 'Only if network is among the enabled_services of [sp_default].'
  for (const target of [extended, `${extended}?a=b`, `https://front/resource${extended}`]) {
    const { code, out } = await explain('post', target)
    t.is(out, `${sentence}\n${condition}\n`, target)
    t.is(code, 0)
  }
  const configure = (services: string) =>
    writeFileSync(
      join(path, 'mixmatch.conf'),
      '[DEFAULT]\nservice_providers = default\n[auth]\nauth_url = http://127.0.0.1:9/v3\n' +
        `[sp_default]\nenabled_services = ${services}\nimage_endpoint = http://127.0.0.1:9\n`,
    )
  const config = ['--config-file', 'mixmatch.conf']
  configure('image, network')
  const json = await explain('POST', extended, ...config, '--format', 'json')
  t.deepEqual(JSON.parse(json.out), {
    kind: 'network extension',
    to: idp,
    sentence,
    condition: null,
  })
  t.regex((await explain('GET', extended, ...config)).err, /expected the method POST, got GET/)
  const other = await explain('POST', '/network/v2.0/networks', ...config)
  t.regex(other.err, /of Neutron, Mixmatch serves POST .*extended alone/)
  t.is(other.code, 1)
  configure('image')
  const off = await explain('POST', extended, ...config)
  t.regex(off.err, /network is not among the enabled_services of \[sp_default\]/)
  t.is(off.code, 1)
})

test('explain prints JSON with the field names of the access log', async t => {
  const path = folder(t)
  moved(path)
  const { out } = await mixmatch(path, 'explain', 'GET', SHOW, ...LOG, '-f', 'json')
  t.like(JSON.parse(out), { to: 'millet', resource: disk, rests_on: 3 })
  t.false('restsOn' in JSON.parse(out))
  const { out: event } = await mixmatch(
    path,
    'explain',
    'GET',
    SHOW,
    ...LOG,
    '-f',
    'value',
    '-c',
    'to',
  )
  t.is(event, 'millet\n')
})

test('explain --request-id prints JSON with the field names of the access log', async t => {
  const path = folder(t)
  moved(path)
  const line = {
    access: true,
    time: '2026-11-23T13:20:00.000Z',
    request_id: 'req-1',
    global_request_id: 'req-1',
    method: 'GET',
    path: SHOW,
    ms: 1,
    status: 200,
    reason: 'located',
    service_provider: cornmeal,
    rests_on: 1,
  }
  writeFileSync(join(path, 'access.log'), JSON.stringify(line))
  const args = ['--request-id', 'req-1', '--access-log', 'access.log', '-f', 'json']
  const { out } = await mixmatch(path, 'explain', ...args, ...LOG)
  const [firstLine] = out.split('\n')
  t.deepEqual(JSON.parse(firstLine ?? ''), {
    began_at: '2026-11-23T13:19:59.999000Z',
    request_id: 'req-1',
    method: 'GET',
    path: SHOW,
    status: 200,
    reason: 'located',
    service_provider: cornmeal,
    rests_on: 1,
  })
})

test('explain prints the condition under which a claim counts, and the project', async t => {
  const path = folder(t)
  moved(path)
  {
    using log = openLog(join(path, 'events.db'))
    const absent = toEvent({
      learned: 'absent',
      serviceProvider: idp,
      resource: disk,
      project: alice,
      parent: null,
      observedAt: at(130),
      requestId: 'req-1',
    })
    log.append([absent], at(130))
  }
  const condition = /\nOnly millet says so, .*default is asked first/
  const anybody = await mixmatch(path, 'explain', 'GET', SHOW, ...LOG)
  t.regex(anybody.out, condition)
  const json = await mixmatch(path, 'explain', '--format', 'json', 'GET', SHOW, ...LOG)
  t.like(JSON.parse(json.out), { because: 'located', ask_first: ['default'], rests_on: 3 })
  for (const when of [[], ['--at', '4']]) {
    const of = (project: string) =>
      mixmatch(path, 'explain', 'GET', SHOW, ...LOG, '--project', project, ...when)
    t.notRegex((await of(alice)).out, condition)
    t.regex((await of(bob)).out, condition)
  }
  t.regex(
    (await mixmatch(path, 'explain', 'GET', SHOW, ...LOG, '--project', alice, '--at', '3')).out,
    condition,
  )
})
