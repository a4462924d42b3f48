import type { Service } from './service.js'

/**
 * Glance v2 (https://docs.openstack.org/api-ref/image/v2/).
 *
 * Nothing in the body of a new image binds it to a cloud: `kernel_id`, `base_image_ref` and similar
 * fields are properties, and an `id` that the client chose may exist in several clouds.
 */
export const image: Service = {
  name: 'image',
  catalogTypes: ['image'],
  version: 'v2',
  projectInPath: false,
  rootAlias: 'versions', // responds with 200, the root with 300
  absoluteLinks: false,
  collections: {
    images: {
      holds: 'image',
      envelope: 'images',
      requests: {
        POST: { name: '/name', creates: { type: 'image', id: '/id', project: '/owner' } },
      },
    },
    tasks: {
      holds: 'task',
      envelope: 'tasks',
      requests: { POST: { creates: { type: 'task', id: '/id', project: '/owner' } } },
    },
    stores: { holds: 'image', idAfter: 1 },
    cache: { holds: 'image' },
    cached_images: { holds: 'image' },
    queued_images: { holds: 'image' },
  },
  local: ['info', 'metadefs', 'schemas'],
}
