import { formatTime } from '../../src/event/time.js'
import type { Micros } from '../../src/ids.js'
import type { Notify } from '../bus/message.js'
import { toSeconds } from '../clock.js'
import type { ServiceState } from '../http-service.js'
import type { Snapshot } from './cinder-snapshot.js'
import { type Volume, volumeType } from './cinder-volume.js'

type Phase = 'start' | 'end'
type VolumeStep = `${'create' | 'delete' | 'resize' | 'update' | 'reset_status'}.${Phase}`
type SnapshotStep = `${'create' | 'delete' | 'update'}.${Phase}`

/** Publishes the notifications of one Cinder. Each call resolves when the bus has accepted it. */
export interface CinderNotifier {
  volume(step: VolumeStep, volume: Volume, by: ServiceState): Promise<void>
  snapshot(step: SnapshotStep, snapshot: Snapshot, by: ServiceState): Promise<void>
}

export function createCinderNotifier(
  cloud: string,
  notify: Notify,
  now: () => Micros,
): CinderNotifier {
  const host = `${cloud}@lvm`
  function tell(
    publisherId: string,
    eventType: string,
    payload: Record<string, unknown>,
    by: ServiceState,
  ): Promise<void> {
    const at = now()
    const context = contextOf(by, isElevated(eventType), at)
    return notify({
      exchange: 'openstack',
      priority: 'info',
      publisherId,
      eventType,
      payload,
      context,
      at,
    })
  }
  return {
    volume: (step, volume, by) =>
      tell(
        `volume.${step.startsWith('create') ? `${host}#lvm` : byApi(step) ? cloud : host}`,
        `volume.${step}`,
        describeVolume(volume, `${host}#lvm`),
        by,
      ),
    snapshot: (step, snapshot, by) =>
      tell(
        `snapshot.${byApi(step) ? cloud : host}`,
        `snapshot.${step}`,
        describeSnapshot(snapshot, step === 'delete.end'),
        by,
      ),
  }
}

/** Notifications that Cinder's API service sends; the others come from the volume service. */
function byApi(step: string): boolean {
  return step.startsWith('update') || step.startsWith('reset_status')
}

/** Cinder's API elevates the context of creates and deletes to an administrator's. */
function isElevated(eventType: string): boolean {
  return /\.(create|delete)\./.test(eventType)
}

function describeVolume(volume: Volume, host: string): Record<string, unknown> {
  return {
    tenant_id: volume.projectId,
    host,
    user_id: volume.userId,
    availability_zone: volume.availabilityZone,
    volume_id: volume.id,
    volume_type: volumeType.id,
    display_name: volume.name,
    launched_at: volume.launchedAt === null ? '' : pythonTime(volume.launchedAt),
    created_at: pythonTime(volume.createdAt),
    status: volume.status,
    snapshot_id: volume.snapshotId,
    size: volume.size,
    replication_status: null,
    replication_extended_status: null,
    replication_driver_data: null,
    metadata: Object.entries(volume.metadata).map(([key, value]) => ({ key, value })),
    volume_attachment: [],
  }
}

function describeSnapshot(snapshot: Snapshot, deleted: boolean): Record<string, unknown> {
  return {
    tenant_id: snapshot.projectId,
    user_id: snapshot.userId,
    availability_zone: 'nova',
    volume_id: snapshot.volumeId,
    volume_size: snapshot.size,
    snapshot_id: snapshot.id,
    display_name: snapshot.name,
    created_at: pythonTime(snapshot.createdAt),
    status: snapshot.status,
    deleted: deleted ? 'True' : '',
    metadata: '',
  }
}

/**
 * The context of the request, as oslo.context flattens it. The token is in it, in full: newer
 * releases of oslo.messaging leave it out, older ones do not, and a consumer must handle both.
 */
function contextOf(by: ServiceState, elevated: boolean, at: Micros): Record<string, unknown> {
  const { userId, projectId, projectName, roles, token } = by.caller
  return {
    _context_user: userId,
    _context_project_id: projectId,
    _context_system_scope: null,
    _context_project: projectId,
    _context_domain: null,
    _context_user_domain: null,
    _context_project_domain: null,
    _context_is_admin: elevated,
    _context_read_only: false,
    _context_show_deleted: false,
    _context_auth_token: token,
    _context_request_id: by.requestId,
    _context_global_request_id: by.globalRequestId,
    _context_resource_uuid: null,
    _context_roles: elevated ? [...new Set([...roles, 'admin'])] : roles,
    _context_user_identity: `${userId} ${projectId} - - -`,
    _context_is_admin_project: true,
    _context_user_id: userId,
    _context_project_name: projectName,
    _context_domain_id: null,
    _context_read_deleted: 'no',
    _context_remote_address: null,
    _context_timestamp: formatTime(at).replace('Z', ''),
    _context_quota_class: null,
    _context_service_catalog: [],
    _context_message_resource_id: null,
    _context_message_resource_type: null,
    _context_message_action: null,
  }
}

/** `2026-11-23T13:20:08+00:00`. */
function pythonTime(time: Micros): string {
  return toSeconds(time).replace('Z', '+00:00')
}
