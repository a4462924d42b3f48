import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { z } from 'zod'
import { type ProjectId, projectId, type SpName, spName } from '../../ids.js'
import { parseJson } from '../../json.js'
import type { SortPosition } from './sort-order.js'

/** How far a list was walked, when a page of it was full. */
export interface Cursor {
  /** The id of the last item of the page. */
  readonly last: string
  /**
   * The furthest in the order that anything was told of. That need not be the last item: what is made
   * during a walk may come after what it should have come before.
   */
  readonly reached: SortPosition
  /** How far each project of the user at each cloud was walked. */
  readonly places: readonly WalkedTo[]
}

export interface WalkedTo {
  readonly cloud: SpName
  readonly project: ProjectId | null
  /** The last item that was taken; null where it has not come to any. */
  readonly after: string | null
}

/** Cursors as texts for URLs, signed. The scope is what a cursor is good for: the same list, the same user. */
export interface Cursors {
  write(cursor: Cursor, scope: string): string
  /** null for what is no cursor of this proxy, or one of another scope. */
  read(text: string, scope: string): Cursor | null
}

const KEY_BYTES = 32
/** Enough that a signature cannot be guessed, as cursors give no rights. */
const SIGNATURE_BYTES = 16
/** A thousand places; a text that unfolds to more is none of ours. */
const MAX_BYTES = 128 * 1024

/**
 * A key that every worker on every node derives alike from what their configurations have in common.
 *
 * @param secrets passwords and the like, the same everywhere
 */
export function cursorKey(secrets: readonly string[]): Buffer {
  const material = JSON.stringify(secrets)
  return Buffer.from(hkdfSync('sha256', material, '', 'mixmatch cursor', KEY_BYTES))
}

export function createCursors(key: Buffer): Cursors {
  function signature(packed: Buffer, scope: string): Buffer {
    const digest = createHmac('sha256', key)
      .update(`${scope.length} ${scope}`)
      .update(packed)
      .digest()
    return digest.subarray(0, SIGNATURE_BYTES)
  }

  return {
    write(cursor, scope) {
      const packed = deflateRawSync(JSON.stringify(shortened(cursor)))
      return Buffer.concat([signature(packed, scope), packed]).toString('base64url')
    },
    read(text, scope) {
      const bytes = Buffer.from(text, 'base64url')
      const packed = bytes.subarray(SIGNATURE_BYTES)
      if (packed.length === 0) return null
      if (!timingSafeEqual(bytes.subarray(0, SIGNATURE_BYTES), signature(packed, scope)))
        return null
      return unfolded(parseJson(inflated(packed)))
    },
  }
}

const short = z.tuple([
  z.string(),
  z.string(),
  z.string(),
  z.array(z.union([z.string(), z.number(), z.boolean(), z.null()])),
  z.array(z.tuple([z.string(), z.string().nullable(), z.string().nullable()])),
])

/** Arrays instead of objects, because it becomes part of a URL. */
function shortened({ last, reached, places }: Cursor): z.infer<typeof short> {
  return [
    last,
    reached.cloud,
    reached.id,
    [...reached.values],
    places.map(({ cloud, project, after }) => [cloud, project, after]),
  ]
}

/** Signed is not yet well-formed: where no secret is configured, anybody can sign. */
function inflated(packed: Buffer): string {
  try {
    return inflateRawSync(packed, { maxOutputLength: MAX_BYTES }).toString()
  } catch {
    return ''
  }
}

/** null for what another version of this program has signed, perhaps. */
function unfolded(value: unknown): Cursor | null {
  const parsed = short.safeParse(value)
  if (!parsed.success) return null
  const [last, cloud, id, values, places] = parsed.data
  return {
    last,
    reached: { cloud: spName(cloud), id, values },
    places: places.map(([name, project, after]) => ({
      cloud: spName(name),
      project: project === null ? null : projectId(project),
      after,
    })),
  }
}
