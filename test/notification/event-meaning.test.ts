import test from 'ava'
import type { EventKind } from '../../src/event/event.js'
import { projectId, type ResourceType, resourceId } from '../../src/ids.js'
import type { JsonObject } from '../../src/json.js'
import { readMeaning } from '../../src/notification/event-meaning.js'
import { alice, bob, disk } from '../controls.js'
import { message } from './fixtures.js'

const NOTHING = { kind: 'noted', resource: null, project: null, parent: null }

const meaning = (eventType: string, payload: unknown, fields: object = {}) =>
  readMeaning(eventType, message(eventType, payload, fields) as JsonObject)

/**
 * What Cinder and Glance publish according to their own code: cinder/volume/manager.py and flows/manager,
 * transfer/api.py, backup, scheduler, api/contrib/admin_actions.py, cmd/volume_usage_audit.py;
 * glance/notifier.py. Much of it was never recorded here.
 */
const kinds: readonly [kind: EventKind, noun: string, ...verbs: string[]][] = [
  ['created', 'volume', 'create.start', 'exists', 'manage_existing.end'],
  ['created', 'snapshot', 'create.start', 'exists', 'manage_existing_snapshot.end'],
  ['created', 'backup', 'create.start', 'exists'],
  ['created', 'group', 'create.start'],
  ['created', 'group_snapshot', 'create.start'],
  ['created', 'consistencygroup', 'create.start'],
  ['created', 'cgsnapshot', 'create.start'],
  ['created', 'image', 'create'],
  ['created', 'task', 'create'],
  [
    ...(['changed', 'volume', 'create.end', 'manage_existing.start', 'retype'] as const),
    ...phases('update', 'reset_status', 'attach', 'detach', 'resize', 'revert'),
    ...phases('transfer.create', 'transfer.delete'),
    ...phases('enable_replication', 'disable_replication', 'failover_replication'), // of its group
  ],
  [
    ...(['changed', 'snapshot', 'create.end', 'manage_existing_snapshot.start'] as const),
    ...phases('update', 'reset_status', 'revert'),
  ],
  ['changed', 'backup', 'create.end', 'createprogress', ...phases('restore', 'reset_status')],
  ['changed', 'volumes', ...phases('reset_status')],
  ['changed', 'snapshots', ...phases('reset_status')],
  ['changed', 'backups', ...phases('reset_status')],
  ['changed', 'groups', ...phases('reset_status')],
  ['changed', 'groupsnapshots', ...phases('reset_status')],
  ['changed', 'group', 'create.end', ...phases('update', 'enable_replication')],
  ['changed', 'group', ...phases('disable_replication', 'failover_replication')],
  ['changed', 'group_snapshot', 'create.end'],
  ['changed', 'consistencygroup', 'create.end', ...phases('update')],
  ['changed', 'cgsnapshot', 'create.end'],
  ['changed', 'image', 'prepare', 'upload', 'activate', 'update'],
  ['changed', 'task', 'run', 'processing', 'success', 'failure'],
  ['changed', 'scheduler', 'create_volume', 'retype', 'extend_volume', 'manage_existing'],
  ['changed', 'scheduler', 'migrate_volume_to_host', 'create_snapshot', 'manage_existing_snapshot'],
  ['transferred', 'volume', 'transfer.accept.end'],
  ['deleted', 'volume', 'delete.end', 'unmanage.end'],
  ['deleted', 'snapshot', 'delete.end'],
  ['deleted', 'backup', 'delete.end'],
  ['deleted', 'group', 'delete.end'],
  ['deleted', 'group_snapshot', 'delete.end'],
  ['deleted', 'consistencygroup', 'delete.end'],
  ['deleted', 'cgsnapshot', 'delete.end'],
  ['deleted', 'image', 'delete'],
  ['deleted', 'task', 'delete'],
  ['noted', 'volume', 'delete.start', 'unmanage.start', 'transfer.accept.start', 'usage'],
  ['noted', 'snapshot', 'delete.start'],
  ['noted', 'groups', 'reset_status'], // an error
  ['noted', 'image', 'send', 'member.create', 'member.update', 'member.delete'],
]

function phases(...actions: readonly string[]): readonly string[] {
  return actions.flatMap(action => [`${action}.start`, `${action}.end`])
}

/** A payload with an id for each type of resource, so that it fits each event type. */
const everything = {
  id: disk.id,
  image_id: disk.id,
  volume_id: disk.id,
  snapshot_id: disk.id,
  backup_id: disk.id,
  group_id: disk.id,
  group_snapshot_id: disk.id,
  consistencygroup_id: disk.id,
  cgsnapshot_id: disk.id,
}

for (const [kind, noun, ...verbs] of kinds) {
  test(`with ${noun}.${verbs.join(`, ${noun}.`)} the resource is ${kind}`, t => {
    for (const verb of verbs) {
      const { kind: found, resource } = meaning(`${noun}.${verb}`, everything)
      t.deepEqual({ verb, found, id: resource?.id }, { verb, found: kind, id: disk.id })
    }
  })
}

const types: readonly [eventType: string, type: ResourceType, key: string][] = [
  ['volume.create.end', 'volume', 'volume_id'],
  ['snapshot.create.end', 'snapshot', 'snapshot_id'],
  ['backup.create.end', 'backup', 'backup_id'],
  ['group.create.end', 'group', 'group_id'],
  ['volumes.reset_status.end', 'volume', 'id'],
  ['snapshots.reset_status.end', 'snapshot', 'id'],
  ['backups.reset_status.end', 'backup', 'id'],
  ['groups.reset_status.end', 'group', 'id'],
  ['consistencygroup.create.end', 'group', 'consistencygroup_id'],
  ['group_snapshot.create.end', 'group_snapshot', 'group_snapshot_id'],
  ['groupsnapshots.reset_status.end', 'group_snapshot', 'id'],
  ['cgsnapshot.create.end', 'group_snapshot', 'cgsnapshot_id'],
  ['image.update', 'image', 'id'],
  ['image.send', 'image', 'image_id'],
  ['task.run', 'task', 'id'],
  ['scheduler.create_snapshot', 'snapshot', 'snapshot_id'],
]
for (const [eventType, type, key] of types) {
  test(`${eventType} names a ${type} by ${key}`, t => {
    const found = meaning(eventType, { [key]: disk.id.replaceAll('-', '').toUpperCase() })
    t.deepEqual(found.resource, { type, id: disk.id })
    t.like(meaning(eventType, {}), { kind: 'noted', resource: null })
    t.like(meaning(eventType, { [key]: 5 }), { kind: 'noted', resource: null })
  })
}

test('a snapshot has its volume as its parent, and the same project', t => {
  const payload = { snapshot_id: 'a-snapshot', volume_id: disk.id, tenant_id: alice }
  t.deepEqual(meaning('snapshot.create.start', payload), {
    kind: 'created',
    resource: { type: 'snapshot', id: resourceId('a-snapshot') },
    project: alice,
    parent: disk.id,
  })
})

test('a backup stays with its project when its volume is transferred', t => {
  t.is(meaning('backup.create.start', { backup_id: 'a', volume_id: disk.id }).parent, null)
})

test('an image may have no owner', t => {
  t.is(meaning('image.create', { id: disk.id, owner: null }).project, null)
  t.is(meaning('image.create', { id: disk.id, owner: alice }).project, alice)
  t.is(meaning('image.send', { image_id: disk.id, owner_id: alice }).project, alice)
})

test('an image with the status of a deletion is deleted, with any event type', t => {
  for (const gone of [{ deleted: true }, { status: 'deleted' }, { status: 'pending_delete' }]) {
    t.is(meaning('image.update', { id: disk.id, ...gone }).kind, 'deleted')
  }
  t.is(meaning('image.member.delete', { image_id: disk.id, deleted: true }).kind, 'noted')
})

test('the project of a volume that could not be scheduled comes from the request, or from the context', t => {
  const owner = { volume_properties: { project_id: alice } }
  const payload = { volume_id: disk.id }
  const project = (payload: object, fields = {}) =>
    meaning('scheduler.create_volume', payload, fields).project
  const context = { _context_project_id: bob }
  t.is(project({ ...payload, request_spec: owner }, context), alice)
  t.is(project({ ...payload, ...owner }, context), alice)
  t.is(project(payload, context), bob)
  t.is(project(payload, { _context: { project_id: bob } }), bob)
  t.is(project(payload), null)
})

test('a snapshot that could not be scheduled exists in its project', t => {
  const request_spec = { volume_properties: { project_id: alice } }
  const payload = { snapshot_id: disk.id, request_spec, state: 'error', method: 'create_snapshot' }
  t.deepEqual(meaning('scheduler.create_snapshot', payload), {
    kind: 'changed',
    resource: { type: 'snapshot', id: disk.id },
    project: alice,
    parent: null,
  })
})

test('the project of the request context is not used as the owner', t => {
  t.is(
    meaning('groups.reset_status.end', { id: disk.id }, { _context_project_id: bob }).project,
    null,
  )
})

test('the id of a project is 32 hex digits if it is a UUID, else unchanged', t => {
  const tenant = (tenant_id: string) =>
    meaning('volume.exists', { volume_id: 'v', tenant_id }).project
  t.is(tenant('A11CE000-0000-0000-0000-000000000001'), alice)
  t.is(tenant('the-project'), projectId('the-project'))
})

test('notifications of other services are noted', t => {
  for (const eventType of [
    'compute.instance.create.end',
    'instance.create.start',
    'port.create.end',
    'identity.project.created',
    'volume_type.create',
    'group_type.delete',
    'image_volume_cache.hit',
    'metadef_namespace.create',
    'capacity.pool',
    'mixmatch.exchange.durable',
    'volume',
    '',
  ]) {
    t.deepEqual(meaning(eventType, eventType === 'volume' ? {} : everything), NOTHING)
  }
})

test('a payload that is not an object has no resource', t => {
  for (const payload of ['Image storage media is full', null, undefined, 7, true, [everything]]) {
    t.deepEqual(meaning('image.upload', payload), NOTHING)
    t.deepEqual(meaning('volume.create.start', payload), NOTHING)
    t.deepEqual(meaning('scheduler.create_volume', payload), NOTHING)
  }
})
