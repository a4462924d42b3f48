import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
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
} from './clients.js'
import { closingProofs, onFederation, untilLocated } from './federation.js'
import { url } from './mixmatch.js'
import { untilInLab } from './until-in-lab.js'

const clouds: readonly Cloud[] = ['default', 'sp1']
const MiB = 1024 * 1024

/** Nova and Cinder of the identity provider are clients of the proxy, for the user demo. */
const test = onFederation('serve')
let image = '' // only at sp1

interface Volume {
  readonly status: string
  readonly attachments: readonly { readonly attachment_id: string }[]
  readonly volume_image_metadata?: object
}

test.before('Nova is running, and sp1 has an image', async t => {
  await lab('nova', 'up')
  const file = join(t.context.mixmatch.directory, 'sp1.img')
  await writeFile(file, randomBytes(MiB))
  image = await place('sp1', 'image', 'of sp1', file)
})

test.after.always('Nova is stopped', async () => {
  await lab('nova', 'down')
})

test.serial('an instance boots from an image at sp1, and uses volumes of both clouds', async t => {
  t.false(await holds('default', 'image', image))
  const instance = await boot('from an image', '--image', image)
  const origin = await nova('server', 'show', instance, '-f', 'value', '-c', 'image')
  t.regex(origin, new RegExp(image))

  for (const cloud of clouds) {
    const volume = await place(cloud, 'volume', `for an instance, at ${cloud}`, '1')
    await nova('server', 'add', 'volume', instance, volume)
    await untilStatus(volume, 'in-use')
    // Only a service may detach a volume from an instance, and no user who claims to be a service.
    const { attachments } = await shown(volume)
    for (const isService of [false, true]) {
      const path = `attachments/${attachments[0]?.attachment_id}`
      const answer = await asDemo('DELETE', path, isService)
      t.false(answer.ok, `${cloud} let a user go on: ${await answer.text()}`)
    }
    t.deepEqual((await shown(volume)).attachments, attachments)

    await nova('server', 'remove', 'volume', instance, volume)
    await untilStatus(volume, 'available')
    t.deepEqual((await shown(volume)).attachments, [])
    await remove(cloud, volume)
  }

  const snapshot = await nova('server', 'image', 'create', instance, '-f', 'value', '-c', 'id')
  t.true(await holds('default', 'image', snapshot.trim()))
  await openstack('image', 'delete', snapshot.trim())
  await nova('server', 'delete', '--wait', instance)
})

test.serial('a volume at sp1 is available again after an instance booted from it', async t => {
  const volume = await place('sp1', 'volume', 'to boot from', '1')
  await openstack('volume', 'set', '--bootable', volume)
  const instance = await boot('from a volume', '--volume', volume)
  t.is((await shown(volume)).status, 'in-use')
  await nova('server', 'delete', '--wait', instance)
  await untilStatus(volume, 'available')
  await remove('sp1', volume)
})

test.serial('an instance boots from a volume that Cinder creates from an image at sp1', async t => {
  const instance = await boot('from both', '--image', image, '--boot-from-volume', '1')
  const [volume = ''] = await volumesOf(instance)
  t.true(await holds('default', 'volume', volume))
  await nova('server', 'delete', '--wait', instance)
  await untilStatus(volume, 'available')
  await remove('default', volume)
})

test.serial('Cinder uses images through the proxy named in glance_api_servers', async t => {
  await lab('endpoints', 'direct') // so that Cinder cannot find the proxy in the catalog
  await restartCinder({ OS_DEFAULT__GLANCE_API_SERVERS: `${url}/image` })
  t.teardown(() => restartCinder({}))
  const created = await cinder('create', '--image-id', image, '--name', 'of an image', '1')
  const volume = rowOf(created, 'id')
  await untilStatus(volume, 'available')
  t.like((await shown(volume)).volume_image_metadata, { image_id: image, size: `${MiB}` })

  const copy = rowOf(await cinder('upload-to-image', volume, 'of a volume'), 'image_id')
  await untilStatus(volume, 'available')
  t.like(await openstackJson('image', 'show', copy), { status: 'active', size: 1024 * MiB })
  await untilLocated(t.context, copy, 'default')
  await glance('image-delete', copy)
  await openstack('volume', 'delete', volume)
  await lab('endpoints', 'proxy', url)
  await openstack('image', 'delete', image)
})

closingProofs(test)

/** The `openstack` client, by default with the first microversion of Nova that boots without a network. */
function nova(...args: readonly string[]): Promise<string> {
  return openstack('--os-compute-api-version', '2.60', ...args)
}

/** @returns the id of the instance, when it is running */
async function boot(name: string, ...from: readonly string[]): Promise<string> {
  const what = ['--flavor', 'tiny', '--nic', 'none', ...from]
  return (await nova('server', 'create', '--wait', ...what, name, '-f', 'value', '-c', 'id')).trim()
}

async function volumesOf(instance: string): Promise<readonly string[]> {
  const listed = await nova('server', 'volume', 'list', instance, '-f', 'value', '-c', 'Volume ID')
  return listed.trim().split('\n')
}

/** A volume of demo, read through the proxy. It is read often, so without the slow command. */
async function shown(volume: string): Promise<Volume> {
  const answer = await asDemo('GET', `volumes/${volume}`)
  if (!answer.ok) throw new Error(`volume ${volume}: ${answer.status}: ${await answer.text()}`)
  return ((await answer.json()) as { volume: Volume }).volume
}

async function untilStatus(volume: string, wanted: string): Promise<void> {
  await untilInLab(`volume ${volume} ${wanted}`, async () => {
    const { status } = await shown(volume)
    if (status.startsWith('error')) throw new Error(`volume ${volume} is ${status}`)
    return status === wanted
  })
}

async function asDemo(method: string, path: string, isService = false): Promise<Response> {
  const { token, project } = await demoToken()
  return fetch(`${url}/volume/v3/${project}/${path}`, {
    method,
    headers: {
      'X-Auth-Token': token,
      'OpenStack-API-Version': 'volume 3.27',
      ...(isService && { 'X-Service-Token': token }),
    },
  })
}

async function remove(cloud: Cloud, volume: string): Promise<void> {
  await openstack('volume', 'delete', volume)
  await untilInLab(
    `${volume} gone from ${cloud}`,
    async () => !(await holds(cloud, 'volume', volume)),
  )
}

/** Start Cinder of the identity provider with these settings, which override those of its file. */
async function restartCinder(settings: Readonly<Record<string, string>>): Promise<void> {
  for (const service of ['cinder-api@default', 'cinder-volume@default']) {
    await lab('stop', service)
    const given = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
    await lab('start', service, ...given)
  }
}

/** A value in a table that cinderclient prints. */
function rowOf(table: string, name: string): string {
  return new RegExp(`\\| ${name} +\\| (\\S+)`).exec(table)?.[1] ?? ''
}
