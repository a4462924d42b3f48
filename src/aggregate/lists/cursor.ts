import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import * as z from 'zod'
import { type ProjectId, projectId, type SpName, spName } from '../../ids.js'
import { parseJson } from '../../json.js'
import type { SortPosition } from './sort-order.js'

/** The end of a page of a merged list. */
export interface Cursor {
  /** The id of the last item of the page. */
  readonly last: string
  /**
   * The furthest position of any item shown so far. It may not be the position of the last item: an item
   * that is created during a walk may be shown after items that it should precede.
   */
  readonly reached: SortPosition
  /** How far the list of each project at each cloud was taken. */
  readonly places: readonly WalkedTo[]
}

export interface WalkedTo {
  readonly cloud: SpName
  readonly project: ProjectId | null
  /** The id of the last item taken; null if none was. */
  readonly after: string | null
}

/** Signed cursors as texts for URLs. A cursor is valid for one scope: one list of one user. */
export interface Cursors {
  write(cursor: Cursor, scope: string): string
  /** null for a text that is not a cursor of this proxy, or is a cursor of another scope. */
  read(text: string, scope: string): Cursor | null
}

const KEY_BYTES = 32
/** Long enough, because the signature grants no rights. */
const SIGNATURE_BYTES = 16
/** Room for a thousand places. */
const MAX_BYTES = 128 * 1024

/**
 * Derive the key that signs cursors. Every worker on every node derives the same one.
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
      const packed = deflateRawSync(JSON.stringify(toTuple(cursor)))
      return Buffer.concat([signature(packed, scope), packed]).toString('base64url')
    },
    read(text, scope) {
      const bytes = Buffer.from(text, 'base64url')
      const packed = bytes.subarray(SIGNATURE_BYTES)
      if (packed.length === 0) return null
      if (!timingSafeEqual(bytes.subarray(0, SIGNATURE_BYTES), signature(packed, scope)))
        return null
      return fromTuple(parseJson(inflate(packed)))
    },
  }
}

const cursorTuple = z.tuple([
  z.string(),
  z.string(),
  z.string(),
  z.array(z.union([z.string(), z.number(), z.boolean(), z.null()])),
  z.array(z.tuple([z.string(), z.string().nullable(), z.string().nullable()])),
])

/** Tuples make a shorter URL than objects. */
function toTuple({ last, reached, places }: Cursor): z.infer<typeof cursorTuple> {
  return [
    last,
    reached.cloud,
    reached.id,
    [...reached.values],
    places.map(({ cloud, project, after }) => [cloud, project, after]),
  ]
}

/** A signed text may still be malformed: without a configured secret, anyone can sign. */
function inflate(packed: Buffer): string {
  try {
    return inflateRawSync(packed, { maxOutputLength: MAX_BYTES }).toString()
  } catch {
    return ''
  }
}

/** null for a text that another version may have signed. */
function fromTuple(value: unknown): Cursor | null {
  const parsed = cursorTuple.safeParse(value)
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
