import type { Micros } from '../../src/ids.js'
import { cinderTime } from './cinder-volume.js'

/** One snapshot, immutable. */
export interface Snapshot {
  readonly id: string
  readonly volumeId: string
  readonly projectId: string
  readonly userId: string
  readonly name: string | null
  readonly description: string | null
  /** GiB. */
  readonly size: number
  readonly status: string
  readonly metadata: Readonly<Record<string, string>>
  readonly createdAt: Micros
  readonly updatedAt: Micros | null
}

/** A snapshot in the response to a create or update, and as `GET …/snapshots` lists it. */
export function present(snapshot: Snapshot): Record<string, unknown> {
  return {
    id: snapshot.id,
    created_at: cinderTime(snapshot.createdAt),
    updated_at: snapshot.updatedAt === null ? null : cinderTime(snapshot.updatedAt),
    name: snapshot.name,
    description: snapshot.description,
    volume_id: snapshot.volumeId,
    status: snapshot.status,
    size: snapshot.size,
    metadata: snapshot.metadata,
  }
}

/** A snapshot as shown alone and in `…/snapshots/detail`. */
export function detail(snapshot: Snapshot): Record<string, unknown> {
  return {
    ...present(snapshot),
    'os-extended-snapshot-attributes:project_id': snapshot.projectId,
    'os-extended-snapshot-attributes:progress': snapshot.status === 'available' ? '100%' : '0%',
  }
}
