import { statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { resourceTypeCode, storeId } from '../event/stored.js'
import {
  IDENTITY_PROVIDER,
  type ResourceId,
  type ResourceKey,
  resourceTypes,
  type SpName,
} from '../ids.js'
import type { Locate, Place } from './place.js'
import { type PlaceRow, readPlace, selectPlaces } from './places.js'

/** Address space, not memory: room for the view of some ten million resources. */
const MAPPED_BYTES = 2 ** 31 - 1

/** One resource and where it is. */
export interface Located {
  readonly resource: ResourceKey
  readonly places: readonly Place[]
}

/** Every resource of an id, of whatever type, that is anywhere. */
export function findAll(locate: Locate, id: ResourceId): Located[] {
  return resourceTypes.flatMap(type => {
    const places = locate(type, id)
    return places.length === 0 ? [] : [{ resource: { type, id }, places }]
  })
}

/** The location view, open for reading by any number of processes. */
export interface Locations extends Disposable {
  readonly locate: Locate
  /** Every resource of this id, of whatever type, with its places. */
  find(id: ResourceId): readonly Located[]
  /** Look for views that were put in the place of these, and open them. Call it now and then. */
  refresh(): void
}

/**
 * Open the views for reading. Where there are none yet nothing is located, until `refresh` finds
 * them.
 *
 * @param prefer whom a conflict is decided for; next comes the first to have held the resource
 */
export function openLocations(file: string, prefer: SpName = IDENTITY_PROVIDER): Locations {
  let open = attempt(file, prefer)
  const locate: Locate = (type, id) =>
    open === undefined ? [] : open.places.all(resourceTypeCode(type), storeId(id)).map(readPlace)
  return {
    locate,
    find: id => findAll(locate, id),
    refresh() {
      if (open !== undefined && inode(file) === open.inode) return
      const fresh = attempt(file, prefer)
      if (fresh === undefined) return
      open?.db.close()
      open = fresh
    },
    [Symbol.dispose]() {
      open?.db.close()
      open = undefined
    },
  }
}

function attempt(file: string, prefer: SpName) {
  const at = inode(file)
  if (at === undefined) return undefined
  const db = new Database(file, { readonly: true, fileMustExist: true })
  // A look-up through the page cache of the system costs a third of one that reads page by page.
  db.pragma(`mmap_size = ${MAPPED_BYTES}`)
  const places = db.prepare<[number, Buffer | string], PlaceRow>(
    selectPlaces('l.resource_type = ? and l.resource_id = ?', prefer),
  )
  return { inode: at, db, places }
}

function inode(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino
}
