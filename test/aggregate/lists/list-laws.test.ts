import test from 'ava'
import fc from 'fast-check'
import { sp1 } from '../../http/federation.js'
import { alice, bob, carol, idp, type ListCloud, startListCloud } from './list-cloud.js'
import { compare, type ListedItem, listedItem, orderFor } from './list-items.js'
import { type ListProxy, startListProxy, withProjects } from './list-proxy.js'

/** Properties of a walk through the pages of a list, for any content of the clouds and any change meanwhile. */

const RUNS = { numRuns: 40 }

/** Few times, names and sizes, so that ties are common. Public items at sp1 appear in two projects. */
const things = (owners: readonly ListedItem['owner'][]) =>
  fc.array(
    fc.record({
      second: fc.nat(4),
      name: fc.constantFrom(null, 'a', 'b', 'c'),
      size: fc.nat(3),
      owner: fc.constantFrom(...owners),
    }),
    { maxLength: 12 },
  )

const sorts = fc.constantFrom(
  '',
  'sort=name:asc',
  'sort=name:desc,size:asc',
  'sort=size',
  'sort=created_at:asc',
  'sort_key=name&sort_key=size&sort_dir=asc',
  'sort_key=size&sort_dir=desc',
)

/** A change between two pages: an item is created or deleted at one of the clouds. */
const happenings = fc.array(
  fc.array(
    fc.record({
      listCloud: fc.nat(1),
      what: fc.constantFrom('create', 'delete', 'delete', 'delete'),
      which: fc.nat(20),
      second: fc.nat(4),
      name: fc.constantFrom(null, 'a', 'b', 'c'),
    }),
    { maxLength: 4 },
  ),
  { maxLength: 12 },
)

let made = 0

type Made = { second: number; name: string | null; size?: number; owner?: ListedItem['owner'] }

function make({ second, name, size = 1, owner = null }: Made): ListedItem {
  made += 1
  return listedItem(made, { created_at: listedItem(second).created_at, name, size, owner })
}

/** All pages. The client follows `next`, or makes a marker itself. */
async function pages(
  proxy: ListProxy,
  { limit, sort, follow }: { limit: number; sort: string; follow: 'link' | 'marker' },
  between: () => void = () => {},
): Promise<string[]> {
  const seen: string[] = []
  let path: string | undefined = `/v2/images?limit=${limit}&${sort}`
  while (path !== undefined) {
    const { status, json } = await proxy.get(`/image${path}`)
    if (status !== 200) throw new Error(`${status}: ${JSON.stringify(json)}`)
    seen.push(...json.images.map(({ id }: ListedItem) => id))
    const more = json.next !== undefined && json.images.length > 0
    const marker = `/v2/images?limit=${limit}&${sort}&marker=${seen.at(-1)}`
    path = more ? (follow === 'link' ? json.next : marker) : undefined
    between()
  }
  return seen
}

function merged(listClouds: readonly ListCloud[], sort: string): string[] {
  const query = new URLSearchParams(sort)
  const inCloud = orderFor(query, true)
  const rank = (listedItem: ListedItem) =>
    listClouds.findIndex(({ things }) => things.includes(listedItem))
  // The same order without ids, to see that clouds come before ids.
  const without = (listedItem: ListedItem) => ({ ...listedItem, id: '' })
  return listClouds
    .flatMap(({ things }) => things)
    .sort((a, b) => inCloud(without(a), without(b)) || compare(rank(a), rank(b)) || inCloud(a, b))
    .map(({ id }) => id)
}

for (const follow of ['link', 'marker'] as const) {
  test(`a walk by ${follow} with pages of any size gives the merged list of all clouds`, async t => {
    const listClouds = [await startListCloud(t, idp), await startListCloud(t, sp1)] as const
    const proxy = await startListProxy(t, listClouds, { identity: withProjects(bob, carol) })
    await fc.assert(
      fc.asyncProperty(
        things([alice, null]),
        things([bob, carol, null]),
        fc.integer({ min: 1, max: 9 }),
        sorts,
        async (atHome, atSp1, limit, sort) => {
          listClouds[0].things = atHome.map(make)
          listClouds[1].things = atSp1.map(make)
          t.deepEqual(await pages(proxy, { limit, sort, follow }), merged(listClouds, sort))
        },
      ),
      RUNS,
    )
  })
}

test('a walk shows every item that exists during the whole walk, and no item twice, whatever is created or deleted', async t => {
  const listClouds = [await startListCloud(t, idp), await startListCloud(t, sp1)] as const
  const proxy = await startListProxy(t, listClouds, { identity: withProjects(bob, carol) })
  await fc.assert(
    fc.asyncProperty(
      things([alice, null]),
      things([bob, carol, null]),
      fc.integer({ min: 1, max: 5 }),
      sorts,
      happenings,
      async (atHome, atSp1, limit, sort, meanwhile) => {
        listClouds[0].things = atHome.map(make)
        listClouds[1].things = atSp1.map(make)
        const throughout = new Set(listClouds.flatMap(({ things }) => things.map(({ id }) => id)))
        const rounds = [...meanwhile]
        const seen = await pages(proxy, { limit, sort, follow: 'link' }, () => {
          for (const { listCloud, what, which, second, name } of rounds.shift() ?? []) {
            const { things } = listClouds[listCloud === 0 ? 0 : 1]
            if (what === 'create') things.push(make({ second, name }))
            else for (const gone of things.splice(which % 13, 1)) throughout.delete(gone.id)
          }
        })
        t.is(new Set(seen).size, seen.length, 'something came twice')
        const missing = [...throughout].filter(id => !seen.includes(id))
        t.deepEqual(missing, [])
      },
    ),
    RUNS,
  )
})

test('an item that is created before the position of a walk does not make other items appear twice', async t => {
  const listClouds = [await startListCloud(t, idp), await startListCloud(t, sp1)] as const
  const proxy = await startListProxy(t, listClouds, { identity: withProjects(bob, carol) })
  const [first, second, third] = [0, 1, 1].map(moment => make({ second: moment, name: null }))
  const other = make({ second: 0, name: null, owner: bob })
  listClouds[0].things = [first, second, third].filter(each => each !== undefined)
  listClouds[1].things = [other]
  let page = 0
  const seen = await pages(proxy, { limit: 1, sort: 'sort=created_at:asc', follow: 'link' }, () => {
    page += 1
    if (page !== 4) return
    listClouds[0].things.pop() // the last item of the page
    listClouds[1].things.push(make({ second: 0, name: null }))
  })
  t.is(page, 6)
  t.is(new Set(seen).size, 5)
  t.is(seen.length, 5)
})
