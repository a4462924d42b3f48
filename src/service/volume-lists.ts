import type { CollectionRules, ListRules } from './list-rules.js'

const transfers: CollectionRules = {
  next: { links: 'transfers_links' },
  paged: { since: '3.59', before: 'oldest first' },
  short: ['id', 'volume_id', 'name', 'links'],
}

/** Cinder with the default of `osapi_max_limit`. The odd names of links are Cinder's own. */
export const volumeLists: ListRules = {
  defaultLimit: 1000,
  maxLimit: 1000,
  repeatedSortKeys: false,
  // Columns of Cinder's database: cinderclient sorts by these names.
  shownAs: {
    display_name: 'name',
    display_description: 'description',
    expires_at: 'guaranteed_until',
    volume_size: 'size',
  },
  addedDirection: 'first',
  offsets: true,
  collections: {
    volumes: {
      next: { links: 'volumes_links' },
      short: ['id', 'name', 'links'],
      timeFilterSince: '3.60',
    },
    snapshots: { next: { links: 'snapshots_links' } },
    backups: { next: { links: 'backups_links' }, short: ['id', 'name', 'links'] },
    groups: { next: { links: 'group_links' }, short: ['id', 'name'] },
    group_snapshots: {
      next: { links: 'group_snapshot_links' },
      paged: { since: '3.29', before: 'newest first' },
      short: ['id', 'name', 'group_type_id'],
    },
    'os-volume-transfer': transfers,
    'volume-transfers': transfers,
    messages: {
      next: { links: 'messages_links' },
      paged: { since: '3.5', before: 'newest first' },
    },
    consistencygroups: {
      paged: { since: null, before: 'newest first' },
      short: ['id', 'name'],
    },
    cgsnapshots: { paged: { since: null, before: 'newest first' }, short: ['id', 'name'] },
  },
}
