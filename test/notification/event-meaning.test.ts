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

const kinds: readonly [kind: EventKind, ...eventTypes: string[]][] = [
  [
    'created',
    'volume.create.start',
    'volume.exists',
    'volume.manage_existing.end',
    'snapshot.create.start',
    'snapshot.exists',
    'snapshot.manage_existing.end',
    'backup.create.start',
    'backup.exists',
    'group.create.start',
    'group_snapshot.create.start',
    'consistencygroup.create.start',
    'cgsnapshot.create.start',
    'image.create',
    'task.create',
  ],
  [
    'changed',
    'volume.create.end',
    'volume.manage_existing.start',
    'volume.update.end',
    'volume.resize.end',
    'volume.retype',
    'volume.attach.end',
    'volume.reset_status.start',
    'volume.transfer.create.end',
    'volume.transfer.delete.start',
    'snapshot.create.end',
    'backup.createprogress',
    'backup.restore.end',
    'group.failover_replication.end',
    'groups.reset_status.end',
    'groupsnapshots.reset_status.end',
    'image.upload',
    'image.update',
    'task.success',
    'scheduler.create_volume',
    'scheduler.retype',
  ],
  ['transferred', 'volume.transfer.accept.end'],
  [
    'deleted',
    'volume.delete.end',
    'volume.unmanage.end',
    'snapshot.delete.end',
    'backup.delete.end',
    'group.delete.end',
    'group_snapshot.delete.end',
    'consistencygroup.delete.end',
    'cgsnapshot.delete.end',
    'image.delete',
    'task.delete',
  ],
  [
    'noted',
    'volume.delete.start',
    'volume.unmanage.start',
    'volume.transfer.accept.start',
    'volume.usage',
    'image.send',
    'image.member.create',
  ],
]

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

for (const [kind, ...eventTypes] of kinds) {
  for (const eventType of eventTypes) {
    test(`${eventType} is ${kind}, of its resource`, t => {
      const { kind: found, resource } = meaning(eventType, everything)
      t.is(found, kind)
      t.is(resource?.id, disk.id)
    })
  }
}

const types: readonly [eventType: string, type: ResourceType, key: string][] = [
  ['volume.create.end', 'volume', 'volume_id'],
  ['snapshot.create.end', 'snapshot', 'snapshot_id'],
  ['backup.create.end', 'backup', 'backup_id'],
  ['group.create.end', 'group', 'group_id'],
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
