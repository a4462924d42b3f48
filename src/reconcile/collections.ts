import type { ResourceType } from '../ids.js'
import type { ServiceName } from '../service/service.js'

/** One type of resource, and how a cloud lists all of them. */
export interface ListedCollection {
  readonly type: ResourceType
  readonly service: ServiceName
  /** Its segment of the path, which is also the name of the array in a list. */
  readonly name: string
  /** What follows the segment in the form of the list that shows owners. */
  readonly detail: '' | '/detail'
  /** One list for each; several where no single list shows everything. */
  readonly queries: readonly Readonly<Record<string, string>>[]
  /** Parameters with which an administrator lists all projects. */
  readonly allProjects: Readonly<Record<string, string>>
  /** The member of an item that has its project. */
  readonly project: string
  /** The member that has what it was made from and moves with. */
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
 * What can be listed with its owners (https://docs.openstack.org/api-ref/image/v2/#list-images,
 * https://docs.openstack.org/api-ref/block-storage/v3/). Volumes are
 * listed before what is made of them. Attachments, transfers, messages and tasks are not listed: they
 * come and go with requests that the proxy observes.
 */
export const collections: readonly ListedCollection[] = [
  {
    type: 'image',
    service: 'image',
    name: 'images',
    detail: '',
    // Hidden images are only in a list of their own, and community images in none of the plain lists.
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
