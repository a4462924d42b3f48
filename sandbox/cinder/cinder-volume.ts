import type { Micros } from '../../src/ids.js'
import { toSeconds } from '../clock.js'

/** One volume, immutable. */
export interface Volume {
  readonly id: string
  readonly projectId: string
  readonly userId: string
  readonly name: string | null
  readonly description: string | null
  /** GiB. */
  readonly size: number
  readonly status: string
  readonly metadata: Readonly<Record<string, string>>
  readonly availabilityZone: string
  readonly multiattach: boolean
  readonly bootable: boolean
  readonly snapshotId: string | null
  readonly sourceVolumeId: string | null
  readonly createdAt: Micros
  readonly updatedAt: Micros | null
  readonly launchedAt: Micros | null
}

/** The only volume type there is. */
export const volumeType = {
  id: '5d0c9b9e-5f0c-4c0e-9d55-3c4a7f1f2b6e',
  name: '__DEFAULT__',
  is_public: true,
  description: 'Default Volume Type',
  extra_specs: {},
}

/** A volume as `GET …/volumes` lists it. `base` is the base URL of links. */
export function summarise({ id, name }: Volume, base: string): Record<string, unknown> {
  return { id, name, links: links(id, base) }
}

/** A volume in the response to a create or update; `minor` is the N of microversion 3.N. */
export function present(volume: Volume, base: string, minor: number): Record<string, unknown> {
  return {
    id: volume.id,
    status: volume.status,
    size: volume.size,
    availability_zone: volume.availabilityZone,
    created_at: cinderTime(volume.createdAt),
    updated_at: volume.updatedAt === null ? null : cinderTime(volume.updatedAt),
    name: volume.name,
    description: volume.description,
    volume_type: volumeType.name,
    snapshot_id: volume.snapshotId,
    source_volid: volume.sourceVolumeId,
    metadata: volume.metadata,
    links: links(volume.id, base),
    user_id: volume.userId,
    bootable: String(volume.bootable),
    encrypted: false,
    replication_status: null,
    consistencygroup_id: null,
    multiattach: volume.multiattach,
    attachments: [],
    ...(minor >= 13 ? { group_id: null } : {}),
    ...(minor >= 48 ? { shared_targets: true, service_uuid: null } : {}),
    ...(minor >= 63 ? { volume_type_id: volumeType.id } : {}),
    ...(minor >= 65 ? { consumes_quota: true } : {}),
  }
}

/** A volume as shown alone and in `…/volumes/detail`. */
export function detail(volume: Volume, base: string, minor: number): Record<string, unknown> {
  return { ...present(volume, base, minor), 'os-vol-tenant-attr:tenant_id': volume.projectId }
}

/** `2026-11-23T19:26:29.000000`, UTC without saying so. */
export function cinderTime(time: Micros): string {
  return toSeconds(time).replace('Z', '.000000')
}

function links(id: string, base: string) {
  return [
    { rel: 'self', href: `${base}/volumes/${id}` },
    { rel: 'bookmark', href: `${base.replace('/v3', '')}/volumes/${id}` },
  ]
}
