import { randomUUID } from 'node:crypto'
import test from 'ava'
import type { Answers } from '../../src/api/queries.js'
import type { Viewer } from '../../src/api/viewer.js'
import { type ResourceKey, resourceId } from '../../src/ids.js'
import { openViews } from '../../src/projection/open-views.js'
import { viewsFileOf } from '../../src/projection/views-file.js'
import {
  alice,
  bob,
  created,
  deleted,
  disk,
  event,
  idp,
  image,
  millet,
  snapshot,
} from '../controls.js'
import { aliceReads, given } from './asking.js'

const named = (resource: ResourceKey, name: string) => ({
  ...created(resource, alice),
  body: JSON.stringify({ payload: { display_name: name } }),
})

const volume = (): ResourceKey => ({ type: 'volume', id: resourceId(randomUUID()) })

function buildViewsOf({ logFile }: { logFile: string }) {
  openViews(viewsFileOf(logFile), [logFile]).views[Symbol.dispose]()
}

test('resources are found by the beginning of their id, with name and places, also deleted ones', async t => {
  const ask = given(t, [named(disk, 'data'), created(image, bob), deleted(image)])
  const found = async (parameters: object) => (await ask('search', parameters)).resources
  t.deepEqual(await found({ id: '1111' }), [
    {
      resource: disk,
      name: 'data',
      places: [{ service_provider: 'cornmeal', resource: disk, project: alice, position: 1 }],
    },
  ])
  t.deepEqual(await found({ id: '22222222-2222' }), [{ resource: image, name: null, places: [] }])
  t.deepEqual(await found({ id: '2', cloud: 'cornmeal' }), [])
  t.deepEqual(await found({ id: '9' }), [])
})

test('resources are found by a part of their name, page by page', async t => {
  const [one, two, three] = [volume(), volume(), volume()]
  const ask = given(t, [named(one, 'Data-1'), named(two, 'other'), event(), named(three, 'data-2')])
  const first = await ask('search', { name: 'DATA', limit: '1' })
  t.deepEqual(
    first.resources.map(({ resource, name }) => [resource, name]),
    [[three, 'data-2']],
  )
  const last = await ask('search', { name: 'DATA', limit: '5', cursor: String(first.next) })
  t.deepEqual([last.resources.map(({ name }) => name), last.next], [['Data-1'], null])
})

test('a search by name reads a limited number of messages for each page', async t => {
  const hidden = volume()
  const others = Array.from({ length: 450 }, () => created(volume(), alice))
  const ask = given(t, [named(hidden, 'needle'), ...others])
  const first = await ask('search', { name: 'needle' })
  t.deepEqual([first.resources, first.next], [[], '52'])
  const second = await ask('search', { name: 'needle', cursor: '52' })
  t.deepEqual([second.resources[0]?.resource, second.next], [hidden, null])
})

test('what exists is listed page by page, by cloud, type and project', async t => {
  const volumes = Array.from({ length: 5 }, volume)
  const ask = given(t, [
    ...volumes.map(each => created(each, alice)),
    created(image, bob, { serviceProvider: millet }),
    created(image, bob, { serviceProvider: idp }),
    created(snapshot, bob),
    deleted(snapshot),
  ])
  buildViewsOf(ask)
  async function walk(filter: object) {
    const ids: string[] = []
    let cursor: string | null = null
    do {
      const page: Answers['search'] = await ask('search', {
        ...filter,
        limit: '2',
        ...(cursor && { cursor }),
      })
      ids.push(...page.resources.map(({ resource }) => resource.id))
      cursor = page.next
    } while (cursor !== null)
    return ids
  }
  const sorted = volumes.map(({ id }) => id).sort()
  t.deepEqual(await walk({}), [image.id, ...sorted])
  t.deepEqual(await walk({ type: 'volume' }), sorted)
  t.deepEqual(await walk({ cloud: 'millet' }), [image.id])
  t.deepEqual(await walk({ project: bob, type: 'image,snapshot' }), [image.id])
  t.deepEqual(await walk({ project: 'nobody' }), [])
  await t.throwsAsync(walk({ type: 'planet' }), { code: 'BAD_REQUEST', message: /planet/ })
  await t.throwsAsync(ask('search', { cursor: 'x' }), { code: 'BAD_REQUEST' })
  await t.throwsAsync(ask('search', { name: 'a', cursor: 'x' }), { code: 'BAD_REQUEST' })
  await t.throwsAsync(ask('search', { name: 'a', id: 'b' }), { code: 'BAD_REQUEST' })
})

test('a reader finds only its own resources, by name and in lists', async t => {
  const [own, foreign] = [volume(), volume()]
  const ask = given(t, [named(own, 'data'), { ...named(foreign, 'data'), project: bob }])
  buildViewsOf(ask)
  for (const parameters of [{ name: 'data' }, {}, { type: 'volume' }]) {
    const { resources } = await ask('search', parameters, aliceReads)
    t.deepEqual(
      resources.map(({ resource }) => resource),
      [own],
    )
  }
})

test('a reader finds its resources among many of others that begin the same, page by page', async t => {
  const idOf = (digits: string) =>
    resourceId(`aa${digits.padStart(6, '0')}-0000-4000-8000-000000000000`)
  const keys = Array.from(
    { length: 250 },
    (_, index): ResourceKey => ({
      type: index % 2 === 0 ? 'volume' : 'image',
      id: idOf(String(index)),
    }),
  )
  const ask = given(
    t,
    keys.map((key, index) => created(key, index % 50 === 0 ? alice : bob)),
  )
  async function walk(viewer?: Viewer) {
    const ids: string[] = []
    let cursor: string | null = null
    do {
      const parameters = { id: 'aa', limit: '3', ...(cursor && { cursor }) }
      const page: Answers['search'] = await ask('search', parameters, viewer)
      ids.push(...page.resources.map(({ resource }) => resource.id))
      cursor = page.next
    } while (cursor !== null)
    return ids
  }
  t.deepEqual(await walk(aliceReads), ['0', '50', '100', '150', '200'].map(idOf))
  t.is(new Set(await walk()).size, 250)
})
