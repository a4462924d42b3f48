import { randomUUID } from 'node:crypto'
import type Router from 'koa-router'
import { ApiFault } from '../api-fault.js'
import { isAdmin } from '../caller.js'
import { changedSnapshot, namingIn, newSnapshot, readBody } from './cinder-body.js'
import { listPage } from './cinder-list.js'
import { detail, present, type Snapshot } from './cinder-snapshot.js'
import type { CinderContext, CinderParts, CinderState } from './cinder-state.js'

/** `/v3/snapshots` and its subpaths. */
export function routeSnapshots(router: Router<CinderState>, parts: CinderParts): void {
  const { volumes, snapshots, notifier, jobs, now } = parts

  router.get('/v3/snapshots', ctx => {
    ctx.body = listPage(ctx, 'snapshots', snapshots.values(), present)
  })

  router.get('/v3/snapshots/detail', ctx => {
    ctx.body = listPage(ctx, 'snapshots', snapshots.values(), detail)
  })

  router.post('/v3/snapshots', async ctx => {
    const { snapshot: asked } = await readBody(ctx.req, newSnapshot)
    const { caller } = ctx.state
    const volume = volumes.get(asked.volume_id)
    if (!volume || (volume.projectId !== caller.projectId && !isAdmin(caller)))
      throw new ApiFault(404, `Volume ${asked.volume_id} could not be found.`)
    if (volume.status !== 'available')
      throw new ApiFault(
        400,
        `Invalid volume: Volume ${volume.id} status must be available, but current status is: ` +
          `${volume.status}.`,
      )
    const snapshot: Snapshot = {
      id: randomUUID(),
      volumeId: volume.id,
      projectId: caller.projectId,
      userId: caller.userId,
      name: null,
      description: null,
      ...namingIn(asked),
      size: volume.size,
      status: 'creating',
      metadata: asked.metadata ?? {},
      createdAt: now(),
      updatedAt: null,
    }
    snapshots.set(snapshot.id, snapshot)
    ctx.status = 202
    ctx.body = { snapshot: present(snapshot) }
    jobs.run(async delay => {
      await notifier.snapshot('create.start', snapshot, ctx.state)
      await delay()
      await notifier.snapshot('create.end', change(snapshot, { status: 'available' }), ctx.state)
    })
  })

  router.get('/v3/snapshots/:id', ctx => {
    ctx.body = { snapshot: detail(owned(ctx)) }
  })

  router.put('/v3/snapshots/:id', async ctx => {
    const snapshot = owned(ctx)
    const { snapshot: asked } = await readBody(ctx.req, changedSnapshot)
    await notifier.snapshot('update.start', snapshot, ctx.state)
    const changed = change(snapshot, namingIn(asked))
    await notifier.snapshot('update.end', changed, ctx.state)
    ctx.body = { snapshot: present(changed) }
  })

  router.delete('/v3/snapshots/:id', ctx => {
    const snapshot = owned(ctx)
    if (snapshot.status !== 'available' && snapshot.status !== 'error')
      throw new ApiFault(400, 'Invalid snapshot: Snapshot status must be available or error.')
    change(snapshot, { status: 'deleting' })
    ctx.status = 202
    ctx.body = ''
    jobs.run(async delay => {
      await notifier.snapshot('delete.start', change(snapshot, {}), ctx.state)
      await delay()
      const deleted = change(snapshot, { status: 'deleted' })
      snapshots.delete(snapshot.id)
      await notifier.snapshot('delete.end', deleted, ctx.state)
    })
  })

  /** Changes the current state of the snapshot; one deleted in the meantime stays deleted. */
  function change(snapshot: Snapshot, difference: Partial<Snapshot>): Snapshot {
    const changed = { ...(snapshots.get(snapshot.id) ?? snapshot), ...difference, updatedAt: now() }
    if (snapshots.has(snapshot.id)) snapshots.set(snapshot.id, changed)
    return changed
  }

  function owned(ctx: CinderContext): Snapshot {
    const { caller } = ctx.state
    const id = ctx.params['id'] ?? ''
    const snapshot = snapshots.get(id)
    if (snapshot && (snapshot.projectId === caller.projectId || isAdmin(caller))) return snapshot
    throw new ApiFault(404, `Snapshot ${id} could not be found.`)
  }
}
