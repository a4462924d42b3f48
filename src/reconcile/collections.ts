import type { ResourceType } from '../ids.js'
import type { ServiceName } from '../service/service.js'

/** One kind of resource, and how a cloud lists all that it has of it. */
export interface Collection {
  readonly type: ResourceType
  readonly service: ServiceName
  /** Its segment of the path, which is also the name of the array in a list. */
  readonly name: string
  /** Below the segment, where the form of the list that names owners is. */
  readonly detail: '' | '/detail'
  /** Several lists make one collection where no single one shows everything. */
  readonly queries: readonly Readonly<Record<string, string>>[]
  /** What only an administrator may ask for. */
  readonly everyones: Readonly<Record<string, string>>
  /** The member of an item that names its owner. */
  readonly project: string
  /** The member that names what it was made from and moves with. */
  readonly parent?: string
}

const allTenants = { all_tenants: '1' }

function ofCinder(type: ResourceType, name: string, project: string): Collection {
  return {
    type,
    service: 'volume',
    name,
    detail: '/detail',
    queries: [{}],
    everyones: allTenants,
    project,
  }
}

/**
 * What can be listed with its owners (https://docs.openstack.org/api-ref/image/v2/#list-images,
 * https://docs.openstack.org/api-ref/block-storage/v3/). What a volume's children belong to is
 * listed after it. Attachments, transfers, messages and tasks come and go with requests through the
 * proxy, which observes them.
 */
export const collections: readonly Collection[] = [
  {
    type: 'image',
    service: 'image',
    name: 'images',
    detail: '',
    // Hidden images are in no list but their own, community images in none of the plain ones.
    queries: [{ visibility: 'all' }, { visibility: 'all', os_hidden: 'true' }],
    everyones: {},
    project: 'owner',
  },
  ofCinder('volume', 'volumes', 'os-vol-tenant-attr:tenant_id'),
  {
    ...ofCinder('snapshot', 'snapshots', 'os-extended-snapshot-attributes:project_id'),
    parent: 'volume_id',
  },
  ofCinder('backup', 'backups', 'os-backup-project-attr:project_id'),
  ofCinder('group', 'groups', 'project_id'),
  ofCinder('group_snapshot', 'group_snapshots', 'project_id'),
]
