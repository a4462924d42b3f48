import { randomUUID } from 'node:crypto'
import type Router from 'koa-router'
import { ApiFault } from '../api-fault.js'
import { isAdmin } from '../caller.js'
import {
  actions,
  changedVolume,
  namingIn,
  newVolume,
  readBody,
  someMetadata,
} from './cinder-body.js'
import { listPage } from './cinder-list.js'
import type { CinderContext, CinderParts, CinderState } from './cinder-state.js'
import { detail, present, summarise, type Volume, volumeType } from './cinder-volume.js'

/** How many GiB a project may have. */
export const GIGABYTES = 1000

const NOT_FREE =
  'Invalid volume: Volume status must be available or error or error_restoring or ' +
  'error_extending or error_managing and must not be migrating, attached, belong to a group, ' +
  'have snapshots, awaiting a transfer, or be disassociated from snapshots after volume transfer.'

/** `/v3/volumes` and its subpaths. A source image is not copied, because this Cinder stores no bytes. */
export function routeVolumes(router: Router<CinderState>, parts: CinderParts): void {
  const { volumes, snapshots, notifier, jobs, now } = parts

  router.get('/v3/volumes', ctx => {
    const show = (volume: Volume) => summarise(volume, ctx.state.base)
    ctx.body = listPage(ctx, 'volumes', volumes.values(), show)
  })

  router.get('/v3/volumes/detail', ctx => {
    const show = (volume: Volume) => detail(volume, ctx.state.base, ctx.state.minor)
    ctx.body = listPage(ctx, 'volumes', volumes.values(), show)
  })

  router.get('/v3/volumes/summary', ctx => {
    if (ctx.state.minor < 12) throw new ApiFault(404, 'The resource could not be found.')
    const own = volumesOf(volumes, ctx.state.caller.projectId)
    ctx.body = {
      'volume-summary': { total_count: own.length, total_size: gigabytes(own), metadata: {} },
    }
  })

  router.post('/v3/volumes', async ctx => {
    const { volume: asked } = await readBody(ctx.req, newVolume)
    if (asked.volume_type && ![volumeType.name, volumeType.id].includes(asked.volume_type))
      throw new ApiFault(404, `Volume type with name ${asked.volume_type} could not be found.`)
    const size = asked.size ?? sourceSize(ctx, asked.snapshot_id, asked.source_volid)
    requireMatch(size, volumesOf(volumes, ctx.state.caller.projectId))
    const volume: Volume = {
      id: randomUUID(),
      projectId: ctx.state.caller.projectId,
      userId: ctx.state.caller.userId,
      name: null,
      description: null,
      ...namingIn(asked),
      size,
      status: 'creating',
      metadata: asked.metadata ?? {},
      availabilityZone: asked.availability_zone ?? 'nova',
      multiattach: asked.multiattach,
      bootable: typeof asked.imageRef === 'string',
      snapshotId: asked.snapshot_id ?? null,
      sourceVolumeId: asked.source_volid ?? null,
      createdAt: now(),
      updatedAt: null,
      launchedAt: null,
    }
    volumes.set(volume.id, volume)
    ctx.status = 202
    ctx.body = { volume: present(volume, ctx.state.base, ctx.state.minor) }
    jobs.run(async delay => {
      await notifier.volume('create.start', change(volume, { launchedAt: now() }), ctx.state)
      await delay()
      const done = change(volume, { status: 'available', launchedAt: now() })
      await notifier.volume('create.end', done, ctx.state)
    })
  })

  router.get('/v3/volumes/:id', ctx => {
    ctx.body = { volume: detail(owned(ctx), ctx.state.base, ctx.state.minor) }
  })

  router.put('/v3/volumes/:id', async ctx => {
    const volume = owned(ctx)
    const { volume: asked } = await readBody(ctx.req, changedVolume)
    await notifier.volume('update.start', volume, ctx.state)
    const changed = change(volume, namingIn(asked))
    await notifier.volume('update.end', changed, ctx.state)
    ctx.body = { volume: present(changed, ctx.state.base, ctx.state.minor) }
  })

  router.delete('/v3/volumes/:id', ctx => {
    const volume = owned(ctx)
    const hasSnapshots = [...snapshots.values()].some(({ volumeId }) => volumeId === volume.id)
    if (hasSnapshots || !/^(available|error)/.test(volume.status)) throw new ApiFault(400, NOT_FREE)
    change(volume, { status: 'deleting' })
    ctx.status = 202
    ctx.body = ''
    jobs.run(async delay => {
      await notifier.volume('delete.start', change(volume, {}), ctx.state)
      await delay()
      const deleted = change(volume, { status: 'deleted' })
      volumes.delete(volume.id)
      await notifier.volume('delete.end', deleted, ctx.state)
    })
  })

  router.get('/v3/volumes/:id/metadata', ctx => {
    ctx.body = { metadata: owned(ctx).metadata }
  })

  router.post('/v3/volumes/:id/metadata', async ctx => {
    const volume = owned(ctx)
    const { metadata } = await readBody(ctx.req, someMetadata)
    ctx.body = {
      metadata: change(volume, { metadata: { ...volume.metadata, ...metadata } }).metadata,
    }
  })

  router.put('/v3/volumes/:id/metadata', async ctx => {
    const volume = owned(ctx)
    ctx.body = { metadata: change(volume, await readBody(ctx.req, someMetadata)).metadata }
  })

  router.delete('/v3/volumes/:id/metadata/:key', ctx => {
    const volume = owned(ctx)
    const { [ctx.params['key'] ?? '']: removed, ...metadata } = volume.metadata
    if (removed === undefined) throw new ApiFault(404, 'Metadata item was not found')
    change(volume, { metadata })
    ctx.body = ''
  })

  router.post('/v3/volumes/:id/action', async ctx => {
    const volume = owned(ctx)
    const asked = await readBody(ctx.req, actions)
    const extend = asked['os-extend']
    const reset = asked['os-reset_status']
    const bootable = asked['os-set_bootable']
    if (extend) extendVolume(ctx, volume, extend.new_size)
    else if (reset) await resetStatus(ctx, volume, reset.status)
    else if (bootable) change(volume, bootable)
    else throw noSuchAction(asked)
    ctx.status = bootable ? 200 : 202
    ctx.body = ''
  })

  function extendVolume(ctx: CinderContext, volume: Volume, size: number): void {
    if (volume.status !== 'available')
      throw new ApiFault(
        400,
        `Invalid volume: Volume ${volume.id} status must be '('available', 'in-use')' to extend, ` +
          `currently ${volume.status}.`,
      )
    if (size <= volume.size)
      throw new ApiFault(
        400,
        'Invalid input received: New size for extend must be greater than current size. ' +
          `(current: ${volume.size}, extended: ${size}).`,
      )
    requireMatch(size - volume.size, volumesOf(volumes, volume.projectId))
    change(volume, { status: 'extending' })
    jobs.run(async delay => {
      await notifier.volume('resize.start', change(volume, {}), ctx.state)
      await delay()
      await notifier.volume('resize.end', change(volume, { status: 'available', size }), ctx.state)
    })
  }

  async function resetStatus(ctx: CinderContext, volume: Volume, status: string): Promise<void> {
    if (!isAdmin(ctx.state.caller))
      throw new ApiFault(
        403,
        "Policy doesn't allow volume_extension:volume_admin_actions:reset_status to be performed.",
      )
    await notifier.volume('reset_status.start', volume, ctx.state)
    await notifier.volume('reset_status.end', change(volume, { status }), ctx.state)
  }

  /** Changes the current state of the volume; one deleted in the meantime stays deleted. */
  function change(volume: Volume, difference: Partial<Volume>): Volume {
    const changed = { ...(volumes.get(volume.id) ?? volume), ...difference, updatedAt: now() }
    if (volumes.has(volume.id)) volumes.set(volume.id, changed)
    return changed
  }

  function owned(ctx: CinderContext, id = ctx.params['id'] ?? ''): Volume {
    const { caller } = ctx.state
    const volume = volumes.get(id)
    if (volume && (volume.projectId === caller.projectId || isAdmin(caller))) return volume
    throw new ApiFault(404, `Volume ${id} could not be found.`)
  }

  /** The size of the source, for a volume whose own size is not given. */
  function sourceSize(
    ctx: CinderContext,
    snapshotId: string | null | undefined,
    volumeId: string | null | undefined,
  ): number {
    if (volumeId) return owned(ctx, volumeId).size
    const snapshot = snapshotId ? snapshots.get(snapshotId) : undefined
    if (snapshot?.projectId === ctx.state.caller.projectId) return snapshot.size
    if (snapshotId) throw new ApiFault(404, `Snapshot ${snapshotId} could not be found.`)
    throw new ApiFault(
      400,
      'The server could not comply with the request since it is either malformed or otherwise incorrect.',
    )
  }
}

/** The total size of volumes in GiB. */
export function gigabytes(volumes: readonly Volume[]): number {
  return volumes.reduce((sum, { size }) => sum + size, 0)
}

export function volumesOf(all: ReadonlyMap<string, Volume>, projectId: string): Volume[] {
  return [...all.values()].filter(volume => volume.projectId === projectId)
}

function noSuchAction(asked: object): ApiFault {
  return new ApiFault(
    400,
    `There is no such action: ${Object.keys(asked).join(', ')}. Verify the request body and ` +
      'Content-Type header and try again.',
  )
}

function requireMatch(size: number, own: readonly Volume[]): void {
  const used = gigabytes(own)
  if (used + size <= GIGABYTES) return
  throw new ApiFault(
    413,
    'VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes ' +
      `quota. Requested ${size}G, quota is ${GIGABYTES}G and ${used}G has been consumed.`,
    { headers: { 'Retry-After': '0' } },
  )
}
