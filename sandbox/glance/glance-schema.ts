const text = { type: ['null', 'string'] }
const time = { type: 'string', readOnly: true }
const size = { type: ['null', 'integer'], readOnly: true }
const path = { type: 'string', readOnly: true }

/** `GET /v2/schemas/image`: glanceclient builds its image class from this. */
export const imageSchema = {
  name: 'image',
  properties: {
    id: { type: 'string' },
    name: { ...text, maxLength: 255 },
    status: { type: 'string', readOnly: true },
    visibility: { type: 'string', enum: ['community', 'public', 'private', 'shared'] },
    protected: { type: 'boolean' },
    os_hidden: { type: 'boolean' },
    checksum: { ...text, readOnly: true },
    os_hash_algo: { ...text, readOnly: true },
    os_hash_value: { ...text, readOnly: true },
    owner: { ...text, maxLength: 255 },
    size,
    virtual_size: size,
    container_format: text,
    disk_format: text,
    created_at: time,
    updated_at: time,
    tags: { type: 'array', items: { type: 'string', maxLength: 255 } },
    min_ram: { type: 'integer' },
    min_disk: { type: 'integer' },
    self: path,
    file: path,
    schema: path,
  },
  additionalProperties: { type: 'string' },
  links: [
    { rel: 'self', href: '{self}' },
    { rel: 'enclosure', href: '{file}' },
    { rel: 'describedby', href: '{schema}' },
  ],
}

/** `GET /v2/schemas/images`. */
export const imagesSchema = {
  name: 'images',
  properties: {
    images: { type: 'array', items: imageSchema },
    first: { type: 'string' },
    next: { type: 'string' },
    schema: { type: 'string' },
  },
  links: [
    { rel: 'first', href: '{first}' },
    { rel: 'next', href: '{next}' },
    { rel: 'describedby', href: '{schema}' },
  ],
}
