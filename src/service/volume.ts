import type { Collection, RequestRule, Service } from './service.js'

/** Transfers have two paths: the old one and, from microversion 3.55, the new one. */
const transfers: Collection = {
  holds: 'transfer',
  words: { detail: 'list' },
  envelope: 'transfers',
  requests: {
    POST: {
      references: [{ type: 'volume', at: '/transfer/volume_id' }],
      creates: { type: 'transfer', id: '/transfer/id' },
    },
  },
}

/** Existing volumes of a backend that Cinder begins to manage. */
const managedVolumes: Collection = {
  holds: null,
  requests: { POST: { creates: { type: 'volume', id: '/volume/id' } } },
}

const newSnapshot: RequestRule = {
  references: [{ type: 'volume', at: '/snapshot/volume_id' }],
  creates: { type: 'snapshot', id: '/snapshot/id', parent: '/snapshot/volume_id' },
}

/** Existing snapshots of a backend that Cinder begins to manage. */
const managedSnapshots: Collection = { holds: null, requests: { POST: newSnapshot } }

/**
 * Cinder v3 (https://docs.openstack.org/api-ref/block-storage/v3/).
 *
 * An image does not bind the volume that is made from it to a cloud: a Cinder that uses this proxy as
 * its Glance can fetch the image from any cloud. Nor do `different_host` hints: a volume in another
 * cloud is always on a different host.
 */
export const volume: Service = {
  name: 'volume',
  catalogTypes: ['block-storage', 'volumev3', 'volumev2', 'volume'],
  version: 'v3',
  projectInPath: true,
  rootAlias: null,
  absoluteLinks: true,
  collections: {
    volumes: {
      holds: 'volume',
      words: { detail: 'list', summary: 'sum' },
      envelope: 'volumes',
      requests: {
        POST: {
          name: '/volume/name',
          references: [
            { type: 'snapshot', at: '/volume/snapshot_id' },
            { type: 'volume', at: '/volume/source_volid' },
            { type: 'backup', at: '/volume/backup_id' },
            { type: 'group', at: '/volume/group_id' },
            { type: 'group', at: '/volume/consistencygroup_id' },
            { type: 'volume', at: '/OS-SCH-HNT:scheduler_hints/same_host' },
          ],
          creates: { type: 'volume', id: '/volume/id' },
        },
        'POST /{id}/action': {
          creates: { type: 'image', id: '/os-volume_upload_image/image_id' },
        },
      },
    },
    snapshots: {
      holds: 'snapshot',
      words: { detail: 'list' },
      envelope: 'snapshots',
      requests: { POST: newSnapshot },
    },
    backups: {
      holds: 'backup',
      words: { detail: 'list', import_record: 'call' },
      envelope: 'backups',
      requests: {
        POST: {
          references: [
            { type: 'volume', at: '/backup/volume_id' },
            { type: 'snapshot', at: '/backup/snapshot_id' },
          ],
          creates: { type: 'backup', id: '/backup/id' },
        },
        'POST /import_record': { creates: { type: 'backup', id: '/backup/id' } },
        'POST /{id}/restore': {
          references: [{ type: 'volume', at: '/restore/volume_id' }],
          creates: { type: 'volume', id: '/restore/volume_id' },
        },
      },
    },
    groups: {
      holds: 'group',
      since: '3.13',
      words: { detail: 'list', action: 'call' },
      envelope: 'groups',
      requests: {
        POST: { name: '/group/name', creates: { type: 'group', id: '/group/id' } },
        'POST /action': {
          references: [
            { type: 'group_snapshot', at: '/create-from-src/group_snapshot_id' },
            { type: 'group', at: '/create-from-src/source_group_id' },
          ],
          creates: { type: 'group', id: '/group/id' },
        },
        'PUT /{id}': {
          references: [
            { type: 'volume', at: '/group/add_volumes' },
            { type: 'volume', at: '/group/remove_volumes' },
          ],
        },
      },
    },
    group_snapshots: {
      holds: 'group_snapshot',
      since: '3.14',
      words: { detail: 'list' },
      envelope: 'group_snapshots',
      requests: {
        POST: {
          references: [{ type: 'group', at: '/group_snapshot/group_id' }],
          creates: { type: 'group_snapshot', id: '/group_snapshot/id' },
        },
      },
    },
    attachments: {
      holds: 'attachment',
      since: '3.27',
      words: { detail: 'list', summary: 'list' },
      envelope: 'attachments',
      requests: {
        POST: {
          references: [{ type: 'volume', at: '/attachment/volume_uuid' }],
          creates: { type: 'attachment', id: '/attachment/id' },
        },
      },
    },
    'os-volume-transfer': transfers,
    'volume-transfers': { ...transfers, since: '3.55' },
    messages: { holds: 'message', since: '3.3', words: { detail: 'list' }, envelope: 'messages' },
    // The old name of groups, before microversion 3.13. Cinder keeps both in one table.
    consistencygroups: {
      holds: 'group',
      words: { detail: 'list', create_from_src: 'call' },
      envelope: 'consistencygroups',
      requests: {
        POST: {
          name: '/consistencygroup/name',
          creates: { type: 'group', id: '/consistencygroup/id' },
        },
        'POST /create_from_src': {
          references: [
            { type: 'group_snapshot', at: '/consistencygroup-from-src/cgsnapshot_id' },
            { type: 'group', at: '/consistencygroup-from-src/source_cgid' },
          ],
          creates: { type: 'group', id: '/consistencygroup/id' },
        },
        'PUT /{id}/update': {
          references: [
            { type: 'volume', at: '/consistencygroup/add_volumes' },
            { type: 'volume', at: '/consistencygroup/remove_volumes' },
          ],
        },
      },
    },
    cgsnapshots: {
      holds: 'group_snapshot',
      words: { detail: 'list' },
      envelope: 'cgsnapshots',
      requests: {
        POST: {
          references: [{ type: 'group', at: '/cgsnapshot/consistencygroup_id' }],
          creates: { type: 'group_snapshot', id: '/cgsnapshot/id' },
        },
      },
    },
    manageable_volumes: managedVolumes,
    'os-volume-manage': managedVolumes,
    manageable_snapshots: managedSnapshots,
    'os-snapshot-manage': managedSnapshots,
  },
  local: [
    'capabilities',
    'clusters',
    'default-types',
    'extensions',
    'group_specs',
    'group_types',
    'limits',
    'os-availability-zone',
    'os-hosts',
    'os-quota-class-sets',
    'os-quota-sets',
    'os-services',
    'qos-specs',
    'resource_filters',
    'scheduler-stats',
    'types',
    'workers',
  ],
}
