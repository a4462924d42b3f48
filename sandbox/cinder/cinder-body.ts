import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { ApiFault } from '../api-fault.js'
import { readJson } from '../http-service.js'

const text = z.string().max(255).nullish()
/** Cinder still accepts the old names, and cinderclient uses them. */
const naming = { name: text, description: text, display_name: text, display_description: text }
const reference = z.guid().nullish()
const metadata = z.record(z.string(), z.string()).nullish()
/** Clients send `1` and `"1"`. */
const gigabytes = z
  .union([z.int(), z.string().regex(/^\d+$/).transform(Number)])
  .refine(size => size > 0, 'must be positive')

export const newVolume = z.object({
  volume: z.object({
    size: gigabytes.nullish(),
    ...naming,
    metadata,
    volume_type: text,
    availability_zone: text,
    multiattach: z.boolean().default(false),
    snapshot_id: reference,
    source_volid: reference,
    imageRef: reference,
  }),
})
export const changedVolume = z.object({ volume: z.object(naming) })
export const newSnapshot = z.object({
  snapshot: z.object({
    volume_id: z.guid(),
    ...naming,
    metadata,
    force: z.union([z.boolean(), z.string()]).default(false),
  }),
})
export const changedSnapshot = z.object({ snapshot: z.object(naming) })
export const someMetadata = z.object({ metadata: z.record(z.string(), z.string()) })

/** The volume actions that this Cinder supports. */
export const actions = z.looseObject({
  'os-extend': z.object({ new_size: gigabytes }).optional(),
  'os-reset_status': z.object({ status: z.string() }).optional(),
  'os-set_bootable': z.object({ bootable: z.boolean() }).optional(),
})

type Named = { readonly [name in keyof typeof naming]?: string | null | undefined }

/** Name and description, if given. */
export function namingIn(asked: Named): { name?: string | null; description?: string | null } {
  const name = asked.name ?? asked.display_name
  const description = asked.description ?? asked.display_description
  return {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
  }
}

/** @throws ApiFault 400 if the body is not JSON or has another shape */
export async function readBody<T>(request: IncomingMessage, schema: z.ZodType<T>): Promise<T> {
  const result = schema.safeParse(await readJson(request))
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new ApiFault(
    400,
    `Invalid input for field/attribute ${String(issue?.path.at(-1) ?? 'body')}. ${issue?.message ?? ''}`,
  )
}
