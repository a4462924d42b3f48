import { fileURLToPath } from 'node:url'
import anyTest from 'ava'
import {
  type Cloud,
  cinder,
  demoToken,
  glance,
  holds,
  lab,
  openstack,
  openstackJson,
  place,
  python,
} from './clients.js'
import { closingProofs, onFederationWith, untilLocated } from './federation.js'
import { url } from './mixmatch.js'
import { untilInLab } from './until-in-lab.js'

/** Lists of both clouds, with each client. The listed resources have a tag that is unique for each run. */
const tag = `lists-${process.pid}`
let unrecorded = '' // an image at sp1 that was created before the recording started

anyTest.before('an image is made at sp1 past the proxy', async () => {
  unrecorded = await place('sp1', 'image', `${tag}-untold`, fileURLToPath(import.meta.url), 'past')
})

const test = onFederationWith(
  { OS_DEFAULT__AGGREGATION: 'true', OS_DEFAULT__SEARCH_BY_BROADCAST: 'true' },
  'serve',
)

const clouds: readonly Cloud[] = ['default', 'sp1']
const newestFirst = [5, 4, 3, 2, 1].map(n => `${tag}-${n}`)
const oldestFirst = [...newestFirst].reverse()

let images = ''
let volumes = ''
let headers: Readonly<Record<string, string>> = {}

test.before('both clouds have images and volumes', async () => {
  const { token, project } = await demoToken()
  images = `${url}/image/v2/images`
  volumes = `${url}/volume/v3/${project}`
  headers = { 'X-Auth-Token': token, 'Content-Type': 'application/json' }
  for (const n of [1, 2, 3, 4, 5]) {
    const cloud = clouds[n % 2] ?? 'default'
    await newImage(`${tag}-${n}`, cloud)
    await newVolume(`${tag}-${n}`, cloud)
    await new Promise(resolve => setTimeout(resolve, 1100)) // the clouds' times have whole seconds
  }
})

test.after.always('all created resources are deleted', () => lab('sweep'))

test.serial('openstacksdk lists the pages of both clouds', async t => {
  t.deepEqual(JSON.parse(await python('sdk', 'list', tag)), {
    by_age: newestFirst,
    by_name: oldestFirst,
    volumes: newestFirst,
    short: newestFirst,
  })
})

test.serial(
  'openstack lists the resources of both clouds, in any order, from any marker',
  async t => {
    const named = ['-f', 'value', '-c', 'Name']
    const listed = async (...args: string[]) =>
      namesIn(await openstack('image', 'list', '--tag', tag, ...named, ...args))
    t.deepEqual(await listed('--sort', 'name:asc'), oldestFirst)
    t.deepEqual(await listed('--sort', 'created_at:desc', '--limit', '3'), newestFirst.slice(0, 3))
    const third = await idOf('image', 3)
    const after = await listed('--sort', 'created_at:desc', '--marker', third)
    t.deepEqual(after, newestFirst.slice(3))

    const ofVolumes = async (...args: string[]) =>
      namesIn(await openstack('volume', 'list', ...named, ...args))
    t.deepEqual(await ofVolumes(), newestFirst)
    t.deepEqual(await ofVolumes('--marker', await idOf('volume', 3)), newestFirst.slice(3))
    t.deepEqual(await ofVolumes('--limit', '2'), newestFirst.slice(0, 2))
  },
)

test.serial('glance lists the pages of both clouds, in any order', async t => {
  const listed = async (...args: string[]) =>
    namesIn(await glance('image-list', '--tag', tag, ...args))
  t.deepEqual((await listed('--page-size', '2')).sort(), oldestFirst)
  t.deepEqual(await listed('--limit', '3', '--sort', 'created_at:desc'), newestFirst.slice(0, 3))
  t.deepEqual(
    await listed('--page-size', '1', '--sort-key', 'name', '--sort-dir', 'asc'),
    oldestFirst,
  )
})

test.serial('cinder lists the resources of both clouds, in any order, from any marker', async t => {
  const listed = async (...args: string[]) =>
    namesIn(await cinder('list', '--metadata', `tag=${tag}`, ...args))
  t.deepEqual((await listed('--limit', '2')).sort(), newestFirst.slice(0, 2).sort())
  t.deepEqual(await listed('--sort', 'name:asc'), oldestFirst)
  t.deepEqual(await listed('--sort', 'name:desc'), newestFirst)
  const after = await listed('--marker', await idOf('volume', 3))
  t.deepEqual(after.sort(), [`${tag}-1`, `${tag}-2`])
})

test.serial('snapshots of both clouds are in one list, and can be deleted', async t => {
  const made = await Promise.all(
    [1, 2].map(async n => {
      const name = `${tag}-${n}`
      const said = await openstackJson('volume', 'snapshot', 'create', '--volume', name, name)
      return String(said['id'])
    }),
  )
  for (const id of made) {
    await untilInLab(`the snapshot ${id} is available`, async () => {
      const { status } = await openstackJson('volume', 'snapshot', 'show', id)
      return status === 'available'
    })
  }
  const all = await openstack('volume', 'snapshot', 'list', '-f', 'value', '-c', 'Name')
  t.deepEqual(namesIn(all).sort(), [`${tag}-1`, `${tag}-2`])
  t.deepEqual(namesIn(await cinder('snapshot-list')).sort(), [`${tag}-1`, `${tag}-2`])
  for (const id of made) await openstack('volume', 'snapshot', 'delete', id)
  await untilInLab('no cloud has the snapshots', async () => {
    const held = await Promise.all(
      made.flatMap(id => clouds.map(cloud => holds(cloud, 'snapshot', id))),
    )
    return !held.includes(true)
  })
})

const clients = {
  openstack: {
    show: async (image: string, volume: string) =>
      (await openstack('image', 'show', image)) + (await openstack('volume', 'show', volume)),
    remove: async (image: string, volume: string) => {
      await openstack('image', 'delete', image)
      await openstack('volume', 'delete', volume)
    },
  },
  'glance and cinder': {
    show: async (image: string, volume: string) =>
      (await glance('image-show', image)) + (await cinder('show', volume)),
    remove: async (image: string, volume: string) => {
      await glance('image-delete', image)
      await cinder('delete', volume)
    },
  },
  openstacksdk: {
    show: (image: string, volume: string) => python('sdk', 'show', image, volume),
    remove: async (image: string, volume: string) => {
      await python('sdk', 'delete', image, volume)
    },
  },
}

for (const [client, { show, remove }] of Object.entries(clients))
  test.serial(`what either cloud has is shown and deleted by ${client}`, async t => {
    for (const cloud of clouds) {
      const name = `${tag}-${client.replaceAll(' ', '-')}-${cloud}`
      const image = await newImage(name, cloud)
      const volume = await newVolume(name, cloud)
      await untilInLab('the volume is made', async () => {
        const shown = await call('GET', `${volumes}/volumes/${volume}`)
        return shown.volume.status === 'available'
      })
      t.is((await show(image, volume)).split(name).length - 1, 2)
      await remove(image, volume)
      t.false(await holds(cloud, 'image', image))
      await untilInLab('the volume is deleted', async () => !(await holds(cloud, 'volume', volume)))
    }
  })

test.serial('a resource without a notification is found, and is located after that', async t => {
  const { mixmatch } = t.context
  const id = unrecorded
  await t.throwsAsync(mixmatch.run('locate', id), { message: /no cloud is known/ })

  t.regex(await glance('image-show', id), new RegExp(`${tag}-untold`))

  await untilLocated(t.context, id, 'sp1')
  await openstack('image', 'delete', id)
  t.false(await holds('sp1', 'image', id))
})

test.serial('a paged list continues after all its earlier resources are deleted', async t => {
  const names: string[] = []
  let next: string | undefined = `/v2/images?tag=${tag}&limit=2`
  while (next !== undefined) {
    const page = await call('GET', `${url}/image${next}`)
    for (const { id, name } of page.images) {
      names.push(name)
      await call('DELETE', `${images}/${id}`)
    }
    next = page.next
  }
  t.deepEqual(names, newestFirst)
})

test.serial('the newest microversion is that of both clouds', async t => {
  const { versions } = await call('GET', `${url}/volume/v3/`)
  t.regex(versions[0].version, /^3\.\d+$/)
  t.is(versions[0].links.at(-1).href, `${url}/volume/v3/`)
})

closingProofs(test)

async function newImage(name: string, cloud: Cloud): Promise<string> {
  const image = { name, tags: [tag], disk_format: 'raw', container_format: 'bare' }
  return (await call('POST', images, image, cloud)).id
}

async function newVolume(name: string, cloud: Cloud): Promise<string> {
  const volume = { name, size: 1, metadata: { tag } }
  return (await call('POST', `${volumes}/volumes`, { volume }, cloud)).volume.id
}

interface Listed {
  readonly id: string
  readonly name: string | null
  readonly status: string
}

async function imagesWithTag(): Promise<readonly Listed[]> {
  return (await call('GET', `${images}?tag=${tag}`)).images
}

async function volumesWithTag(): Promise<readonly Listed[]> {
  const listed: readonly Listed[] = (await call('GET', `${volumes}/volumes/detail`)).volumes
  return listed.filter(({ name }) => name?.startsWith(tag))
}

async function idOf(kind: 'image' | 'volume', n: number): Promise<string> {
  const listed = kind === 'image' ? await imagesWithTag() : await volumesWithTag()
  return listed.find(({ name }) => name === `${tag}-${n}`)?.id ?? 'none'
}

async function call(
  method: string,
  to: string,
  json?: object,
  cloud?: Cloud,
  // biome-ignore lint/suspicious/noExplicitAny: what a test reads of an answer, it asserts
): Promise<any> {
  const response = await fetch(to, {
    method,
    headers: { ...headers, ...(cloud === undefined ? {} : { 'MM-SERVICE-PROVIDER': cloud }) },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${to}: ${response.status} ${text}`)
  return text === '' ? null : JSON.parse(text)
}

/** In the order of the table that the client printed. */
function namesIn(table: string): string[] {
  return table.match(new RegExp(`${tag}-\\d`, 'g')) ?? []
}
