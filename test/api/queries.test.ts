import test from 'ava'
import type { Answers, QueryName } from '../../src/api/queries.js'
import type { Viewer } from '../../src/api/viewer.js'
import { resourceId } from '../../src/ids.js'
import {
  alice,
  at,
  bob,
  changed,
  created,
  deleted,
  disk,
  event,
  idp,
  image,
  millet,
} from '../controls.js'
import { aliceReads, given } from './asking.js'

const positions = ({ events }: Answers['events']) => events.map(({ position }) => position)

test('events come newest first, page by page', async t => {
  const ask = given(
    t,
    Array.from({ length: 5 }, () => event()),
  )
  const first = await ask('events', { limit: '2' })
  t.deepEqual([positions(first), first.next], [[5, 4], 4])
  const second = await ask('events', { limit: '2', cursor: String(first.next) })
  t.deepEqual([positions(second), second.next], [[3, 2], 2])
  const last = await ask('events', { limit: '2', cursor: String(second.next) })
  t.deepEqual([positions(last), last.next], [[1], null])
})

test('events come oldest first on request, from a cursor on', async t => {
  const ask = given(
    t,
    Array.from({ length: 3 }, () => event()),
  )
  const first = await ask('events', { order: 'oldest', limit: '2' })
  t.deepEqual([positions(first), first.next], [[1, 2], 2])
  const last = await ask('events', { order: 'oldest', limit: '2', cursor: '2' })
  t.deepEqual([positions(last), last.next], [[3], null])
})

test('events of a resource are those that change where it is, not those that are only noted', async t => {
  const start = event({ eventType: 'volume.delete.start', resource: disk, project: alice })
  const ask = given(t, [created(disk, alice), start, deleted(disk)])
  t.is(start.kind, 'noted')
  t.deepEqual(positions(await ask('events', { resource: disk.id })), [3, 1])
  t.deepEqual(positions(await ask('events', { type: 'volume.delete.*' })), [3, 2])
})

test('events are filtered by cloud, type, project, resource and time', async t => {
  const ask = given(t, [
    created(disk, alice),
    created(image, bob, { serviceProvider: millet }),
    event({ eventType: 'volume.attach.end', project: bob }),
    deleted(disk),
  ])
  const found = async (parameters: object) => positions(await ask('events', parameters))
  t.deepEqual(await found({ cloud: 'millet' }), [2])
  t.deepEqual(await found({ cloud: 'millet,cornmeal', type: 'volume.*' }), [4, 3, 1])
  t.deepEqual(await found({ type: 'image.create.start' }), [2])
  t.deepEqual(await found({ project: bob }), [3, 2])
  t.deepEqual(await found({ resource: disk.id }), [4, 1])
  t.deepEqual(await found({ resource: '1111' }), [4, 1])
  t.deepEqual(await found({ since: '2', until: '3' }), [3, 2])
  t.deepEqual(await found({ cloud: 'nowhere' }), [])
})

test('a reader sees events of its own project, and those without a project about its resources', async t => {
  const other = { ...disk, id: resourceId('44444444-4444-4444-8444-444444444444') }
  const ask = given(t, [
    created(disk, alice),
    created(other, bob),
    deleted(disk),
    deleted(other),
    event({ project: alice, serviceProvider: millet }), // another project with the same id
    event(),
  ])
  t.deepEqual(positions(await ask('events', {}, aliceReads)), [3, 1])
  t.is((await ask('event', { position: '3' }, aliceReads)).event_type, 'volume.delete.end')
  for (const position of ['2', '4', '5', '6', '99']) {
    await t.throwsAsync(ask('event', { position }, aliceReads), { code: 'NOT_FOUND' })
  }
})

test('a reader gets the same answer for the resource of another project as for an unknown one', async t => {
  const unknown = '55555555-5555-4555-8555-555555555555'
  const ask = given(t, [created(disk, bob), created(image, alice)])
  for (const query of ['resource', 'history'] as const) {
    const texts = await Promise.all(
      [disk.id, unknown].map(async id => {
        const error = await t.throwsAsync(ask(query, { id }, aliceReads), { code: 'NOT_FOUND' })
        return error.message.replace(id, 'ID')
      }),
    )
    t.is(texts[0], texts[1])
  }
  for (const path of [`/volume/v3/${alice}/volumes/${disk.id}`, `/image/v2/images/${unknown}`]) {
    await t.throwsAsync(ask('explain', { method: 'GET', path }, aliceReads), { code: 'NOT_FOUND' })
  }
  const { resources } = await ask('search', { id: '1' }, aliceReads)
  t.deepEqual(resources, [])
  t.is((await ask('search', { id: '2' }, aliceReads)).resources.length, 1)
})

test('a resource has its places now and at an earlier moment, and its deletion', async t => {
  const ask = given(t, [created(disk, alice), deleted(disk)])
  const now = await ask('resource', { id: disk.id })
  t.deepEqual(now.places, [])
  t.like(now.deletions[0], { service_provider: 'cornmeal', position: 2 })
  const then = await ask('resource', { id: disk.id, at: '1' })
  t.deepEqual(then.places, [
    { service_provider: 'cornmeal', resource: disk, project: alice, position: 1 },
  ])
  const { history } = await ask('history', { id: disk.id })
  t.like(history[0], { from_position: 1, to_position: 2, project: alice })
})

test('a request is explained by method and path, at a moment, and from the access log', async t => {
  const ask = given(t, [created(image, alice, { serviceProvider: idp }), changed(image, alice)])
  const path = `/image/v2/images/${image.id}`
  const now = await ask('explain', { method: 'get', path })
  t.like(now.decision, { kind: 'one', to: 'default', because: 'conflict', rests_on: 1 })
  const then = await ask('explain', { method: 'GET', path, at: '1' })
  t.like(then.decision, { because: 'located', event: { position: 1 } })
  const before = await ask('explain', { method: 'GET', path, at: '0' })
  t.like(before.decision, { because: 'default' })
  const access_line = JSON.stringify({
    access: true,
    time: new Date(at(1000) / 1000).toISOString(),
    request_id: 'req-1',
    global_request_id: 'req-0',
    method: 'GET',
    path,
    ms: 0,
    status: 200,
    reason: 'located',
    service_provider: 'default',
    rests_on: 1,
    project: alice,
  })
  const logged = await ask('explain', { access_line })
  t.like(logged, { logged: { request_id: 'req-1', status: 200 }, decision: { because: 'located' } })
  await t.throwsAsync(ask('explain', { access_line: '{}' }), { code: 'BAD_REQUEST' })
  await t.throwsAsync(ask('explain', { request_id: 'req-1' }), {
    code: 'NOT_FOUND',
    message: /log_file/,
  })
  const own: Viewer = [{ service_provider: idp, project: bob }]
  await t.throwsAsync(ask('explain', { access_line }, own), { code: 'NOT_FOUND' })
  await t.throwsAsync(ask('explain', { method: 'GET', path, project: alice }, own), {
    code: 'FORBIDDEN',
  })
})

test('headers and a body that are given to explain change the decision', async t => {
  const ask = given(t, [])
  const request = { method: 'POST', path: `/volume/v3/${alice}/volumes` }
  const unknown = await ask('explain', request)
  t.true(unknown.needs_body)
  const named = await ask('explain', {
    ...request,
    body: { volume: { name: 'v@millet', size: 1 } },
  })
  t.like(named, { needs_body: false, decision: { because: 'named', to: 'millet' } })
  const headers = { 'MM-Service-Provider': 'cornmeal' }
  const asked = await ask('explain', { ...request, headers })
  t.like(asked.decision, { because: 'asked', to: 'cornmeal' })
})

test('unknown and malformed parameters are refused with their name', async t => {
  const ask = given(t, [event()])
  const refuses = (name: QueryName, parameters: object, message: RegExp) =>
    t.throwsAsync(ask(name, parameters), { code: 'BAD_REQUEST', message })
  await refuses(
    'events',
    { limt: '5' },
    /^unknown parameter "limt", expected one of cloud, .*limit/,
  )
  await refuses('log', { a: '1' }, /^unknown parameter "a", expected none$/)
  await refuses('events', { limit: '0' }, /limit/)
  await refuses('events', { limit: '1001' }, /limit/)
  await refuses('events', { limit: '-1' }, /limit: expected a whole number/)
  await refuses('events', { limit: ['1', '2'] }, /limit/)
  await refuses('events', { since: 'soon' }, /since: "soon": expected a position/)
  await refuses('event', { position: '1 or 1' }, /position/)
  await refuses('resource', { id: '' }, /id/)
})

test('the query of the log has its size and head', async t => {
  const ask = given(t, [event(), event()])
  const answer = await ask('log', {})
  t.like(answer, { events: 2, base: 0, recorded_at: '2026-11-23T13:36:41.000000Z' })
  t.regex(answer.head, /^[0-9a-f]{64}$/)
})
