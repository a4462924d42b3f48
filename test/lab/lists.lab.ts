import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import anyTest, { type TestFn } from 'ava'
import { demoToken } from './clients.js'
import { createMixmatch, type Mixmatch, type Running, url } from './mixmatch.js'
import { until } from './until.js'

/**
 * Lists over both clouds, with clients that are told where the proxy is, so that the catalog stays
 * as it is. What is listed has a tag of this run's own.
 */

const run = promisify(execFile)
const pages = fileURLToPath(new URL('py/pages.py', import.meta.url))
const tag = `lists-${process.pid}`
const clouds = ['default', 'sp1'] as const
const newestFirst = [5, 4, 3, 2, 1].map(n => `${tag}-${n}`)

interface Setting {
  mixmatch: Mixmatch
  running: Running
  token: string
  volumes: string
}

const test = anyTest as TestFn<Setting>

test.before(async t => {
  const mixmatch = await createMixmatch({
    OS_DEFAULT__AGGREGATION: 'true',
    OS_DEFAULT__SEARCH_BY_BROADCAST: 'true',
    OS_OPS__PORT: '9917',
  })
  const { token, project } = await demoToken()
  const running = await mixmatch.start('serve')
  t.context = { mixmatch, running, token, volumes: `${url}/volume/v3/${project}` }
  for (const n of [1, 2, 3, 4, 5]) {
    const cloud = clouds[n % 2] ?? 'default'
    const name = `${tag}-${n}`
    const image = { name, tags: [tag], disk_format: 'raw', container_format: 'bare' }
    await call(t.context, 'POST', `${url}/image/v2/images`, image, cloud)
    const volume = { volume: { name, size: 1, metadata: { tag } } }
    await call(t.context, 'POST', `${t.context.volumes}/volumes`, volume, cloud)
    await new Promise(resolve => setTimeout(resolve, 1100)) // their clocks tell seconds
  }
})

test.after.always(async t => {
  const { images } = await call(t.context, 'GET', `${url}/image/v2/images?tag=${tag}`)
  for (const { id } of images) await call(t.context, 'DELETE', `${url}/image/v2/images/${id}`)
  await until('the volumes are deleted', async () => {
    const { volumes } = await call(t.context, 'GET', `${t.context.volumes}/volumes/detail`)
    const left = volumes.filter(({ name }: { name: string }) => name?.startsWith(tag))
    for (const { id, status } of left) {
      if (status === 'available' || status === 'error') {
        await call(t.context, 'DELETE', `${t.context.volumes}/volumes/${id}`)
      }
    }
    return left.length === 0
  })
  await t.context.running.stop()
  await t.context.mixmatch.close()
})

test.serial('openstacksdk walks through pages of both clouds', async t => {
  const said = await client('python3', ['-B', pages, `${url}/image`, t.context.volumes, tag])
  const { by_age, by_name, volumes, short } = JSON.parse(said)
  t.deepEqual(by_age, newestFirst)
  t.deepEqual(by_name, [...newestFirst].reverse())
  t.deepEqual(volumes, newestFirst)
  t.deepEqual(short, newestFirst)
})

test.serial('glance walks through pages of both clouds, in any order', async t => {
  const glance = async (...args: string[]) =>
    namesIn(
      await client('glance', [
        '--os-image-url',
        `${url}/image`,
        'image-list',
        '--tag',
        tag,
        ...args,
      ]),
    )
  t.deepEqual((await glance('--page-size', '2')).sort(), [...newestFirst].reverse())
  t.deepEqual(await glance('--limit', '3', '--sort', 'created_at:desc'), newestFirst.slice(0, 3))
  t.deepEqual(
    await glance('--page-size', '1', '--sort-key', 'name', '--sort-dir', 'asc'),
    [...newestFirst].reverse(),
  )
})

test.serial('cinder lists what both clouds have, in any order, from any marker on', async t => {
  const { volumes } = t.context
  const cinder = async (...args: string[]) =>
    namesIn(
      await client('cinder', [
        '--os-endpoint',
        volumes,
        'list',
        '--metadata',
        `tag=${tag}`,
        ...args,
      ]),
    )
  t.deepEqual((await cinder('--limit', '2')).sort(), newestFirst.slice(0, 2).sort())
  t.deepEqual(await cinder('--sort', 'name:asc'), [...newestFirst].reverse())
  t.deepEqual(await cinder('--sort', 'name:desc'), newestFirst)
  const { volumes: all } = await call(t.context, 'GET', `${volumes}/volumes`)
  const third = all.find(({ name }: { name: string }) => name === `${tag}-3`)
  t.deepEqual((await cinder('--marker', third.id)).sort(), [`${tag}-1`, `${tag}-2`])
})

test.serial('a walk goes on where it was, though all that it has told is deleted', async t => {
  const names: string[] = []
  let next: string | undefined = `/v2/images?tag=${tag}&limit=2`
  while (next !== undefined) {
    const page = await call(t.context, 'GET', `${url}/image${next}`)
    for (const { id, name } of page.images) {
      names.push(name)
      await call(t.context, 'DELETE', `${url}/image/v2/images/${id}`)
    }
    next = page.next
  }
  t.deepEqual(names, newestFirst)
})

test.serial('the newest microversion is that of both clouds', async t => {
  const { versions } = await call(t.context, 'GET', `${url}/volume/v3/`)
  t.regex(versions[0].version, /^3\.\d+$/)
  t.is(versions[0].links.at(-1).href, `${url}/volume/v3/`)
})

async function call(
  { token }: Setting,
  method: string,
  to: string,
  json?: unknown,
  cloud?: string,
  // biome-ignore lint/suspicious/noExplicitAny: what a test reads of an answer, it asserts
): Promise<any> {
  const response = await fetch(to, {
    method,
    headers: {
      'X-Auth-Token': token,
      'Content-Type': 'application/json',
      ...(cloud === undefined ? {} : { 'MM-SERVICE-PROVIDER': cloud }),
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${to}: ${response.status} ${text}`)
  return text === '' ? null : JSON.parse(text)
}

/** As demo, with nothing else of the machine's settings. */
async function client(command: string, args: readonly string[]): Promise<string> {
  const env = {
    PATH: '/usr/bin:/bin',
    LC_ALL: 'C.UTF-8',
    OS_AUTH_URL: 'http://127.0.0.1:5000/v3',
    OS_USERNAME: 'demo',
    OS_PASSWORD: 'lab-demo',
    OS_PROJECT_NAME: 'demo',
    OS_USER_DOMAIN_ID: 'default',
    OS_PROJECT_DOMAIN_ID: 'default',
  }
  return (await run(`/usr/bin/${command}`, args, { env, timeout: 300_000 })).stdout
}

/** In the order of the table that the client printed. */
function namesIn(table: string): string[] {
  return table.match(new RegExp(`${tag}-\\d`, 'g')) ?? []
}
