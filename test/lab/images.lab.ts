import { createHash, randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Cloud, demoToken, glance, holds, openstack, openstackJson, place } from './clients.js'
import { closingProofs, onFederation, untilLocated, untilRecorded } from './federation.js'
import { url } from './mixmatch.js'

const test = onFederation('serve')
const MiB = 1024 * 1024

const clients = {
  openstack: {
    show: (id: string) => openstack('image', 'show', id, '-f', 'json'),
    download: (id: string, file: string) => openstack('image', 'save', '--file', file, id),
    remove: (id: string) => openstack('image', 'delete', id),
  },
  glance: {
    show: (id: string) => glance('image-show', id),
    download: (id: string, file: string) => glance('image-download', '--file', file, id),
    remove: (id: string) => glance('image-delete', id),
  },
}

for (const cloud of ['default', 'sp1'] as const)
  for (const [client, { show, download, remove }] of Object.entries(clients))
    test.serial(`an image uploaded to ${cloud} comes back alike by ${client}`, async t => {
      const { directory } = t.context.mixmatch
      const [up, down] = [join(directory, 'up.img'), join(directory, 'down.img')]
      await writeFile(up, randomBytes(16 * MiB + 7))

      const id = await place(cloud, 'image', `${client} at ${cloud}`, up)
      t.deepEqual(await whoHolds(id), [cloud])
      await untilRecorded(t.context, cloud, id, 'image.create', 'image.upload', 'image.activate')
      await untilLocated(t.context, id, cloud)

      t.regex(await show(id), new RegExp(`${client} at ${cloud}`))
      await download(id, down)
      t.is(await digest(down), await digest(up))
      await remove(id)
      t.deepEqual(await whoHolds(id), [])
      await untilRecorded(t.context, cloud, id, 'image.send', 'image.delete')
      await untilLocated(t.context, id, undefined)
      await t.throwsAsync(show(id), { message: /could not be found|No image|No Image found|404/i })
    })

test.serial('an image without a chosen cloud is created at default', async t => {
  const { directory } = t.context.mixmatch
  const file = join(directory, 'small.img')
  await writeFile(file, randomBytes(MiB))

  const { id } = await openstackJson('image', 'create', '--file', file, 'not placed')

  t.deepEqual(await whoHolds(String(id)), ['default'])
  await openstack('image', 'delete', String(id))
})

test.serial('an image is found right after it was created, before any notification', async t => {
  const { token } = await demoToken()
  const headers = { 'X-Auth-Token': token, 'Content-Type': 'application/json' }

  const created = await fetch(`${url}/image/v2/images`, {
    method: 'POST',
    headers: { ...headers, 'MM-SERVICE-PROVIDER': 'sp1' },
    body: JSON.stringify({ name: 'at once', disk_format: 'raw', container_format: 'bare' }),
  })
  const { id } = (await created.json()) as { id: string }
  const shown = await fetch(`${url}/image/v2/images/${id}`, { headers })
  await shown.text()
  const deleted = await fetch(`${url}/image/v2/images/${id}`, { method: 'DELETE', headers })

  t.is(created.status, 201)
  t.is(shown.status, 200)
  t.is(shown.headers.get('MM-Service-Provider'), 'sp1')
  t.is(deleted.status, 204)
})

test.serial('a request without a token is rejected, and no cloud gets a request', async t => {
  const response = await fetch(`${url}/image/v2/images`)
  t.is(response.status, 401)
  t.regex(
    response.headers.get('WWW-Authenticate') ?? '',
    /^Keystone uri="http:\/\/127\.0\.0\.1:5000/,
  )
})

closingProofs(test)

async function whoHolds(id: string): Promise<readonly Cloud[]> {
  const clouds = ['default', 'sp1'] as const
  const held = await Promise.all(clouds.map(cloud => holds(cloud, 'image', id)))
  return clouds.filter((_, index) => held[index])
}

async function digest(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
}
