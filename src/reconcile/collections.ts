import type { ResourceType } from '../ids.js'
import type { ServiceName } from '../service/service.js'

/** One type of resource, and how a cloud lists all of them. */
export interface ListedCollection {
  readonly type: ResourceType
  readonly service: ServiceName
  /** Its path segment, which is also the name of the array in a list response. */
  readonly name: string
  /** The path after the segment, for the list that contains owners. */
  readonly detail: '' | '/detail'
  /** The query of each list; several if no single list contains everything. */
  readonly queries: readonly Readonly<Record<string, string>>[]
  /** The parameters with which an administrator lists all projects. */
  readonly allProjects: Readonly<Record<string, string>>
  /** The member of an item that contains its project. */
  readonly project: string
  /** The member that contains its parent: the resource that it was made from and moves with. */
  readonly parent?: string
}

const allTenants = { all_tenants: '1' }

function cinderCollection(type: ResourceType, name: string, project: string): ListedCollection {
  return {
    type,
    service: 'volume',
    name,
    detail: '/detail',
    queries: [{}],
    allProjects: allTenants,
    project,
  }
}

/**
 * The collections that can be listed with owners (https://docs.openstack.org/api-ref/image/v2/#list-images,
 * https://docs.openstack.org/api-ref/block-storage/v3/). Volumes are
 * listed before the resources that are made from them. Attachments, transfers, messages and tasks are not
 * listed: they are short-lived, and the proxy observes the requests that create and delete them.
 */
export const collections: readonly ListedCollection[] = [
  {
    type: 'image',
    service: 'image',
    name: 'images',
    detail: '',
    // Hidden images are only in a separate list. Without `visibility` community images are in no list.
    queries: [{ visibility: 'all' }, { visibility: 'all', os_hidden: 'true' }],
    allProjects: {},
    project: 'owner',
  },
  cinderCollection('volume', 'volumes', 'os-vol-tenant-attr:tenant_id'),
  {
    ...cinderCollection('snapshot', 'snapshots', 'os-extended-snapshot-attributes:project_id'),
    parent: 'volume_id',
  },
  cinderCollection('backup', 'backups', 'os-backup-project-attr:project_id'),
  cinderCollection('group', 'groups', 'project_id'),
  cinderCollection('group_snapshot', 'group_snapshots', 'project_id'),
]
