import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type Koa from 'koa'
import Router, { type RouterContext } from 'koa-router'
import type { Micros } from '../../src/ids.js'
import { ApiFault } from '../api-fault.js'
import type { Notify } from '../bus/message.js'
import {
  createService,
  originOf,
  readJson,
  type ServiceOptions,
  type ServiceState,
} from '../http-service.js'
import { sendFile } from './glance-download.js'
import { renderGlanceFault } from './glance-fault.js'
import { applyPatch, type Image, isOwner, isVisible, parseCreate, present } from './glance-image.js'
import { listImages } from './glance-list.js'
import { createGlanceNotifier } from './glance-notifications.js'
import { imageSchema, imagesSchema } from './glance-schema.js'
import { type StoredFile, store } from './stored-file.js'

interface GlanceOptions extends ServiceOptions {
  readonly cloud: string
  readonly notify: Notify
  /** Where the bytes of images are kept. */
  readonly directory: string
  readonly now: () => Micros
}

type Context = RouterContext<ServiceState>

const PREFIX = '/image'
const VERSIONS = ['v2.15', 'v2.9', 'v2.7', 'v2.6', 'v2.5', 'v2.4', 'v2.3', 'v2.2', 'v2.1', 'v2.0']
const PATCH_TYPES = [
  'application/openstack-images-v2.0-json-patch',
  'application/openstack-images-v2.1-json-patch',
]

/** Enough of the Image API v2 for the `openstack` client, glanceclient and curl, below `/image`. */
export function createGlance(options: GlanceOptions): Koa<ServiceState> {
  const { cloud, notify, directory, now } = options
  const images = new Map<string, Image>()
  const notifier = createGlanceNotifier(cloud, notify, now)
  const router = new Router<ServiceState>({ prefix: PREFIX })

  router.get('/', ctx => versions(ctx, 300))
  router.get('/versions', ctx => versions(ctx, 200))
  router.get('/v2/schemas/image', ctx => (ctx.body = imageSchema))
  router.get('/v2/schemas/images', ctx => (ctx.body = imagesSchema))

  router.get('/v2/images', ctx => {
    ctx.body = listImages([...images.values()], ctx.URL.searchParams, ctx.state.caller)
  })

  router.post('/v2/images', async ctx => {
    const { id, ...described } = parseCreate(await readJson(ctx.req), ctx.state.caller)
    if (id !== null && images.has(id)) throw new ApiFault(409, `Image ID ${id} already exists!`)
    const at = now()
    const image: Image = {
      ...described,
      id: id ?? randomUUID(),
      owner: ctx.state.caller.projectId,
      status: 'queued',
      file: null,
      createdAt: at,
      updatedAt: at,
      deletedAt: null,
    }
    images.set(image.id, image)
    await notifier.image('create', image)
    ctx.status = 201
    ctx.set('Location', `${originOf(ctx)}${PREFIX}/v2/images/${image.id}`)
    ctx.body = present(image)
  })

  router.get('/v2/images/:id', ctx => {
    ctx.body = present(seen(ctx))
  })

  router.patch('/v2/images/:id', async ctx => {
    if (!PATCH_TYPES.includes(ctx.request.type))
      throw unsupported(ctx, { 'Accept-Patch': PATCH_TYPES.join(', ') })
    const image = owned(ctx)
    const described = applyPatch(image, await readJson(ctx.req), ctx.state.caller)
    ctx.body = present(await update(image, described))
  })

  router.put('/v2/images/:id/tags/:tag', async ctx => {
    const image = owned(ctx)
    const tags = [...new Set([...image.attributes.tags, tagOf(ctx)])]
    await update(image, { attributes: { ...image.attributes, tags } })
    ctx.status = 204
  })

  router.delete('/v2/images/:id/tags/:tag', async ctx => {
    const image = owned(ctx)
    const tags = image.attributes.tags.filter(tag => tag !== tagOf(ctx))
    if (tags.length === image.attributes.tags.length)
      throw new ApiFault(404, 'The resource could not be found.')
    await update(image, { attributes: { ...image.attributes, tags } })
    ctx.status = 204
  })

  router.delete('/v2/images/:id', async ctx => {
    const image = owned(ctx)
    if (image.attributes.protected)
      throw new ApiFault(403, `Image ${image.id} is protected and cannot be deleted.`)
    images.delete(image.id)
    if (image.file) await rm(image.file.path, { force: true })
    const at = now()
    await notifier.image('delete', { ...image, status: 'deleted', updatedAt: at, deletedAt: at })
    ctx.status = 204
  })

  router.put('/v2/images/:id/file', async ctx => {
    const image = owned(ctx)
    if (ctx.request.type !== 'application/octet-stream') throw unsupported(ctx)
    if (image.status !== 'queued')
      throw new ApiFault(
        409,
        `Image status transition from ${image.status} to saving is not allowed`,
      )
    const saving = await update(image, { status: 'saving' })
    await notifier.image('prepare', saving)
    const file = await receive(saving, ctx)
    const active: Image = { ...saving, status: 'active', file, updatedAt: now() }
    images.set(image.id, active)
    await notifier.image('upload', active)
    await notifier.image('activate', active)
    ctx.status = 204
  })

  router.get('/v2/images/:id/file', ctx => {
    const image = seen(ctx)
    if (image.file === null) ctx.status = 204
    else
      sendFile(ctx, image.file, (bytes, complete) => {
        notifier.sent(image, ctx.state.caller, bytes, complete).catch(options.report)
      })
  })

  async function update(image: Image, change: Partial<Image>): Promise<Image> {
    const changed = { ...image, ...change, updatedAt: now() }
    images.set(image.id, changed)
    await notifier.image('update', changed)
    return changed
  }

  /** Store an upload. An aborted upload leaves the image unchanged. */
  async function receive(image: Image, ctx: Context): Promise<StoredFile> {
    const file = await store(join(directory, image.id), ctx.req).catch(async (error: Error) => {
      if (images.has(image.id)) images.set(image.id, { ...image, status: 'queued' })
      await notifier.uploadFailed(image, error.message)
      throw new ApiFault(400, `The upload broke off: ${error.message}`)
    })
    if (images.has(image.id)) return file
    await rm(file.path, { force: true })
    throw new ApiFault(410, `Image ${image.id} was deleted while it was being uploaded.`)
  }

  function seen(ctx: Context): Image {
    const id = ctx.params['id'] ?? ''
    const image = images.get(id.toLowerCase())
    if (image && isVisible(image, ctx.state.caller)) return image
    throw new ApiFault(404, `No image found with ID ${id}`)
  }

  function owned(ctx: Context): Image {
    const image = seen(ctx)
    if (isOwner(image, ctx.state.caller)) return image
    throw new ApiFault(403, 'You are not permitted to modify this image.')
  }

  const app = createService(options, {
    isOpen: path => path === PREFIX || path === `${PREFIX}/` || path === `${PREFIX}/versions`,
    render: renderGlanceFault,
  })
  app.use(router.routes())
  app.use(() => {
    throw new ApiFault(404, 'The resource could not be found.')
  })
  return app
}

function versions(ctx: Context, status: 200 | 300): void {
  const links = [{ rel: 'self', href: `${originOf(ctx)}${PREFIX}/v2/` }]
  ctx.status = status
  ctx.body = {
    versions: VERSIONS.map((id, index) => ({
      id,
      status: index === 0 ? 'CURRENT' : 'SUPPORTED',
      links,
    })),
  }
}

function tagOf(ctx: Context): string {
  return ctx.params['tag'] ?? ''
}

function unsupported(ctx: Context, headers: Record<string, string> = {}): ApiFault {
  return new ApiFault(
    415,
    `The request media type ${ctx.request.type} is not supported by this server.`,
    { headers },
  )
}
