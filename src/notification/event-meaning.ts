import type { Event, EventKind } from '../event/event.js'
import { parseTime } from '../event/time.js'
import {
  type Micros,
  type ProjectId,
  projectId,
  type ResourceId,
  type ResourceType,
  resourceId,
} from '../ids.js'
import { isJsonObject, type JsonObject } from '../json.js'
import { nameAt, objectAt } from './fields.js'

/** The change of location that a notification reports. */
type Meaning = Pick<Event, 'kind' | 'resource' | 'project' | 'parent'>

/**
 * Read the meaning of an oslo message. An unknown event type is `noted`. So is a payload without the id of
 * its resource (the payload of Glance's errors is a text).
 */
export function readMeaning(eventType: string, message: JsonObject): Meaning {
  const payload = message['payload']
  if (!isJsonObject(payload)) return NOTHING
  const [noun = '', ...rest] = eventType.split('.')
  const verb = rest.join('.')
  if (noun === 'scheduler') return schedulingFailure(message, payload)
  if (noun === 'image' || noun === 'task') return glance(noun, verb, payload)
  const cinderNoun = CINDER.get(noun)
  return cinderNoun ? cinder(cinderNoun, verb, payload) : NOTHING
}

/** When the message was emitted, by the clock of its cloud; null if it has no known timestamp. */
export function emittedAt(message: JsonObject): Micros | null {
  const text = nameAt(message, 'timestamp')
  const time = text === null ? null : parseTime(text)
  return Number.isSafeInteger(time) ? time : null
}

const NOTHING: Meaning = { kind: 'noted', resource: null, project: null, parent: null }

interface CinderNoun {
  readonly type: ResourceType
  readonly id: string
  /** The key of its parent: the resource that it was made from and moves with. */
  readonly parent?: string
}

/**
 * Cinder's nouns and the keys of their ids (cinder/volume/volume_utils.py, `_usage_from_…`). The API
 * uses the plural when it resets the status of a group (cinder/api/v3/groups.py). Older releases do so
 * for all types (cinder/api/contrib/admin_actions.py). Before Newton, groups were called consistency
 * groups.
 */
const CINDER: ReadonlyMap<string, CinderNoun> = new Map([
  ['volume', { type: 'volume', id: 'volume_id' }],
  ['volumes', { type: 'volume', id: 'id' }],
  ['snapshot', { type: 'snapshot', id: 'snapshot_id', parent: 'volume_id' }],
  ['snapshots', { type: 'snapshot', id: 'id' }],
  ['backup', { type: 'backup', id: 'backup_id' }],
  ['backups', { type: 'backup', id: 'id' }],
  ['group', { type: 'group', id: 'group_id' }],
  ['groups', { type: 'group', id: 'id' }],
  ['group_snapshot', { type: 'group_snapshot', id: 'group_snapshot_id' }],
  ['groupsnapshots', { type: 'group_snapshot', id: 'id' }],
  ['consistencygroup', { type: 'group', id: 'consistencygroup_id' }],
  ['cgsnapshot', { type: 'group_snapshot', id: 'cgsnapshot_id' }],
])

/**
 * The effect of Cinder's verbs on the location of their noun. Only the first notification of a resource is
 * `created`: a later one must not bring back a deleted resource. All other verbs are `noted`, such as
 * `delete.start`, and `transfer.accept.start`, which still names the previous owner.
 */
const CINDER_VERBS: ReadonlyMap<string, EventKind> = new Map([
  ['create.start', 'created'],
  ['create.end', 'changed'],
  ['createprogress', 'changed'],
  ['exists', 'created'],
  ['manage_existing.start', 'changed'],
  ['manage_existing.end', 'created'],
  ['manage_existing_snapshot.start', 'changed'],
  ['manage_existing_snapshot.end', 'created'],
  ['unmanage.end', 'deleted'],
  ['delete.end', 'deleted'],
  ['update.start', 'changed'],
  ['update.end', 'changed'],
  ['reset_status.start', 'changed'],
  ['reset_status.end', 'changed'],
  ['attach.start', 'changed'],
  ['attach.end', 'changed'],
  ['detach.start', 'changed'],
  ['detach.end', 'changed'],
  ['resize.start', 'changed'],
  ['resize.end', 'changed'],
  ['retype', 'changed'],
  ['revert.start', 'changed'],
  ['revert.end', 'changed'],
  ['restore.start', 'changed'],
  ['restore.end', 'changed'],
  ['enable_replication.start', 'changed'],
  ['enable_replication.end', 'changed'],
  ['disable_replication.start', 'changed'],
  ['disable_replication.end', 'changed'],
  ['failover_replication.start', 'changed'],
  ['failover_replication.end', 'changed'],
  ['transfer.create.start', 'changed'],
  ['transfer.create.end', 'changed'],
  ['transfer.delete.start', 'changed'],
  ['transfer.delete.end', 'changed'],
  ['transfer.accept.end', 'transferred'],
])

function cinder({ type, id, parent }: CinderNoun, verb: string, payload: JsonObject): Meaning {
  return meaning(CINDER_VERBS.get(verb) ?? 'noted', type, idAt(payload, id), {
    project: projectAt(payload, 'tenant_id'),
    parent: parent === undefined ? null : idAt(payload, parent),
  })
}

/**
 * `scheduler.create_volume` and similar event types are errors: no backend accepted the resource. It exists
 * in state `error`, and there is no other notification about it.
 */
function schedulingFailure(message: JsonObject, payload: JsonObject): Meaning {
  const project =
    projectAt(objectAt(objectAt(payload, 'request_spec'), 'volume_properties'), 'project_id') ??
    projectAt(objectAt(payload, 'volume_properties'), 'project_id') ??
    projectAt(message, '_context_project_id') ??
    projectAt(objectAt(message, '_context'), 'project_id')
  const volume = idAt(payload, 'volume_id')
  return volume === null
    ? meaning('changed', 'snapshot', idAt(payload, 'snapshot_id'), { project, parent: null })
    : meaning('changed', 'volume', volume, { project, parent: null })
}

const GLANCE_VERBS: ReadonlyMap<string, EventKind> = new Map([
  ['image.create', 'created'],
  ['image.prepare', 'changed'],
  ['image.upload', 'changed'],
  ['image.activate', 'changed'],
  ['image.update', 'changed'],
  ['image.delete', 'deleted'],
  ['task.create', 'created'],
  ['task.run', 'changed'],
  ['task.processing', 'changed'],
  ['task.success', 'changed'],
  ['task.failure', 'changed'],
  ['task.delete', 'deleted'],
])

/** `image.send` and `image.member.…` have other keys, and change no location. */
function glance(noun: 'image' | 'task', verb: string, payload: JsonObject): Meaning {
  const kind = GLANCE_VERBS.get(`${noun}.${verb}`)
  const id = idAt(payload, 'id') ?? idAt(payload, `${noun}_id`)
  const project = projectAt(payload, 'owner') ?? projectAt(payload, 'owner_id')
  if (kind === undefined) return meaning('noted', noun, id, { project, parent: null })
  return meaning(isGone(payload) ? 'deleted' : kind, noun, id, { project, parent: null })
}

/** Whether an image is deleted. It may be deleted during its upload. Users get 404 while the delete is pending. */
function isGone(payload: JsonObject): boolean {
  return (
    payload['deleted'] === true ||
    payload['status'] === 'deleted' ||
    payload['status'] === 'pending_delete'
  )
}

/** Without an id the event is `noted`. */
function meaning(
  kind: EventKind,
  type: ResourceType,
  id: ResourceId | null,
  { project, parent }: Pick<Meaning, 'project' | 'parent'>,
): Meaning {
  return id === null ? { ...NOTHING, project } : { kind, resource: { type, id }, project, parent }
}

function idAt(object: JsonObject, key: string): ResourceId | null {
  const text = nameAt(object, key)
  return text === null ? null : resourceId(text)
}

function projectAt(object: JsonObject, key: string): ProjectId | null {
  const text = nameAt(object, key)
  return text === null ? null : projectId(text)
}
