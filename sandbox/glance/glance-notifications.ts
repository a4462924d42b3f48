import type { Micros } from '../../src/ids.js'
import type { Notification, Notify } from '../bus/message.js'
import type { Caller } from '../caller.js'
import { toSeconds } from '../clock.js'
import type { Image } from './glance-image.js'

type Step = 'create' | 'update' | 'prepare' | 'upload' | 'activate' | 'delete'

/** Publishes the notifications of one Glance. Each call resolves when the bus has accepted it. */
interface GlanceNotifier {
  image(step: Step, image: Image): Promise<void>
  uploadFailed(image: Image, reason: string): Promise<void>
  sent(image: Image, receiver: Caller, bytes: number, complete: boolean): Promise<void>
}

const imports = { os_glance_importing_to_stores: [], os_glance_failed_import: [] }
const beside: Readonly<Partial<Record<Step, Readonly<Record<string, unknown>>>>> = {
  prepare: { ...imports, backend: 'store' },
  upload: imports,
}

export function createGlanceNotifier(
  cloud: string,
  notify: Notify,
  now: () => Micros,
): GlanceNotifier {
  function tell(
    eventType: string,
    payload: Notification['payload'],
    priority: Notification['priority'] = 'info',
  ): Promise<void> {
    const publisherId = `image.${cloud}`
    return notify({ exchange: 'glance', priority, publisherId, eventType, payload, at: now() })
  }
  return {
    image: (step, image) => tell(`image.${step}`, { ...describe(image), ...beside[step] }),
    // At this priority the payload is text, in Glance itself too.
    uploadFailed: (image, reason) =>
      tell('image.upload', `Failed to upload image data ${image.id}: ${reason}`, 'error'),
    sent: (image, receiver, bytes, complete) =>
      tell(
        'image.send',
        {
          bytes_sent: bytes,
          image_id: image.id,
          owner_id: image.owner,
          receiver_tenant_id: receiver.projectId,
          receiver_user_id: receiver.userId,
        },
        complete ? 'info' : 'error',
      ),
  }
}

function describe(image: Image): Record<string, unknown> {
  const { attributes, file } = image
  return {
    id: image.id,
    name: attributes.name,
    status: image.status,
    created_at: toSeconds(image.createdAt),
    updated_at: toSeconds(image.updatedAt),
    min_disk: attributes.min_disk,
    min_ram: attributes.min_ram,
    protected: attributes.protected,
    checksum: file?.md5 ?? null,
    owner: image.owner,
    disk_format: attributes.disk_format,
    container_format: attributes.container_format,
    size: file?.size ?? null,
    virtual_size: file?.size ?? null,
    is_public: attributes.visibility === 'public',
    visibility: attributes.visibility,
    properties: image.properties,
    tags: attributes.tags,
    deleted: image.deletedAt !== null,
    deleted_at: image.deletedAt === null ? null : toSeconds(image.deletedAt),
  }
}
