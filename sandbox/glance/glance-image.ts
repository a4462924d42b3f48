import { z } from 'zod'
import type { Micros } from '../../src/ids.js'
import { ApiFault } from '../api-fault.js'
import { type Caller, isAdmin } from '../caller.js'
import { toSeconds } from '../clock.js'
import type { StoredFile } from './stored-file.js'

/** One image, immutable. */
export interface Image {
  readonly id: string
  readonly owner: string
  readonly status: 'queued' | 'saving' | 'active' | 'deactivated' | 'deleted'
  readonly attributes: Attributes
  /** What users add: `os_distro`, `hw_disk_bus`, … */
  readonly properties: Readonly<Record<string, string>>
  readonly file: StoredFile | null
  readonly createdAt: Micros
  readonly updatedAt: Micros
  readonly deletedAt: Micros | null
}

const DISK_FORMATS = 'ami ari aki vhd vhdx vmdk raw qcow2 vdi iso ploop'.split(' ')
const CONTAINER_FORMATS = 'ami ari aki bare ovf ova docker compressed'.split(' ')

const attributes = z.object({
  name: z.string().max(255).nullable().default(null),
  disk_format: z.enum(DISK_FORMATS).nullable().default(null),
  container_format: z.enum(CONTAINER_FORMATS).nullable().default(null),
  visibility: z.enum(['public', 'private', 'shared', 'community']).default('shared'),
  protected: z.boolean().default(false),
  min_ram: z.int().nonnegative().default(0),
  min_disk: z.int().nonnegative().default(0),
  os_hidden: z.boolean().default(false),
  tags: z.array(z.string().max(255)).default([]),
})
/** Properties that a client may set, by Glance's names. */
type Attributes = Readonly<z.infer<typeof attributes>>

/** Properties that only Glance may set. */
const READ_ONLY = new Set(
  (
    'status size virtual_size checksum owner created_at updated_at deleted deleted_at self file ' +
    'schema os_hash_algo os_hash_value direct_url stores locations'
  ).split(' '),
)
const document = z.record(z.string(), z.unknown())
const properties = z.record(z.string(), z.string())
const patch = z.array(
  z.discriminatedUnion('op', [
    z.object({ op: z.enum(['add', 'replace']), path: z.string(), value: z.unknown() }),
    z.object({ op: z.literal('remove'), path: z.string() }),
  ]),
)

type Document = Record<string, unknown>
type Described = Pick<Image, 'attributes' | 'properties'>

/**
 * Parse the body of a create; the client may choose the id.
 *
 * @throws ApiFault 400 where it does not fit the schema, 403 for what only Glance may set
 */
export function parseCreate(body: unknown, caller: Caller): Described & { id: string | null } {
  const { id, ...rest } = parse(document, body)
  Object.keys(rest).forEach(mustBeWritable)
  return {
    id: id === undefined ? null : parse(z.guid(), id).toLowerCase(),
    ...describe(rest, caller),
  }
}

/**
 * The image after a JSON patch (`application/openstack-images-v2.1-json-patch`), in which every
 * path is one name deep.
 *
 * @throws ApiFault 400, 403 for what must not change, 409 for a property that is not there
 */
export function applyPatch(image: Image, body: unknown, caller: Caller): Described {
  const changed: Document = { ...image.attributes, ...image.properties }
  for (const change of parse(patch, body)) {
    const name = nameIn(change.path)
    if (name === 'id') throw new ApiFault(403, "Attribute 'id' is read-only.")
    mustBeWritable(name)
    if (change.op !== 'add' && !(name in changed)) throw noSuchProperty(name)
    if (change.op !== 'remove') changed[name] = change.value
    else if (name in image.attributes) throw notRemovable(name)
    else delete changed[name]
  }
  return describe(changed, caller)
}

/** The image as the API shows it. Its paths begin with `/v2`, whatever the endpoint's own prefix. */
export function present(image: Image): Document {
  const path = `/v2/images/${image.id}`
  return {
    ...image.properties,
    ...image.attributes,
    size: image.file?.size ?? null,
    virtual_size: image.file?.size ?? null,
    status: image.status,
    checksum: image.file?.md5 ?? null,
    owner: image.owner,
    os_hash_algo: image.file ? 'sha512' : null,
    os_hash_value: image.file?.sha512 ?? null,
    id: image.id,
    created_at: toSeconds(image.createdAt),
    updated_at: toSeconds(image.updatedAt),
    self: path,
    file: `${path}/file`,
    schema: '/v2/schemas/image',
  }
}

export function isVisible({ owner, attributes }: Image, caller: Caller): boolean {
  const open = attributes.visibility === 'public' || attributes.visibility === 'community'
  return open || isOwner({ owner }, caller)
}

export function isOwner({ owner }: Pick<Image, 'owner'>, caller: Caller): boolean {
  return owner === caller.projectId || isAdmin(caller)
}

function describe(given: Document, caller: Caller): Described {
  const known = parse(attributes, given)
  if (known.visibility === 'public' && !isAdmin(caller))
    throw new ApiFault(403, 'You are not authorized to complete publicize_image action.')
  const others = Object.entries(given).filter(([name]) => !(name in known))
  return {
    attributes: { ...known, tags: [...new Set(known.tags)] },
    properties: parse(properties, Object.fromEntries(others)),
  }
}

function nameIn(path: string): string {
  const match = /^\/([^/]+)$/.exec(path)
  if (!match?.[1]) throw new ApiFault(400, `Invalid JSON pointer for this resource: '${path}'`)
  return match[1].replaceAll('~1', '/').replaceAll('~0', '~') // RFC 6901
}

function mustBeWritable(name: string): void {
  if (READ_ONLY.has(name)) throw new ApiFault(403, `Attribute '${name}' is read-only.`)
}

function noSuchProperty(name: string): ApiFault {
  return new ApiFault(409, 'There was a conflict when trying to complete your request.', {
    detail: `Property ${name} does not exist.`,
  })
}

function notRemovable(name: string): ApiFault {
  return new ApiFault(403, 'Access was denied to this resource.', {
    detail: `Property ${name} may not be removed.`,
  })
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const where = issue?.path.length ? `${issue.path.join('.')}: ` : ''
  throw new ApiFault(
    400,
    `Provided object does not match schema 'image': ${where}${issue?.message ?? 'not valid'}`,
  )
}
