import { statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { resourceTypeCode, storeId } from '../event/stored.js'
import {
  IDENTITY_PROVIDER,
  position,
  projectId,
  type ResourceId,
  type ResourceKey,
  resourceTypes,
  type SpName,
  spName,
} from '../ids.js'
import { joinParent, lives, ownerOf } from './locations.js'
import type { Locate, Place } from './place.js'

/** The location view, open for reading by any number of processes. */
export interface Locations extends Disposable {
  readonly locate: Locate
  /** Every resource of this id, of whatever type, with its places. */
  find(
    id: ResourceId,
  ): readonly { readonly resource: ResourceKey; readonly places: readonly Place[] }[]
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
    open === undefined ? [] : open.places.all(resourceTypeCode(type), storeId(id)).map(place)
  return {
    locate,
    find: id =>
      resourceTypes.flatMap(type => {
        const places = locate(type, id)
        return places.length === 0 ? [] : [{ resource: { type, id }, places }]
      }),
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

interface PlaceRow {
  readonly service_provider: string
  readonly project: string | null
  readonly position: number
}

function place(row: PlaceRow): Place {
  return {
    serviceProvider: spName(row.service_provider),
    project: row.project === null ? null : projectId(row.project),
    position: position(row.position),
  }
}

function attempt(file: string, prefer: SpName) {
  const at = inode(file)
  if (at === undefined) return undefined
  const db = new Database(file, { readonly: true, fileMustExist: true })
  const preferred = prefer.replaceAll("'", "''")
  const places = db.prepare<[number, Buffer | string], PlaceRow>(`
    select sp.name as service_provider, pr.name as project, l.last_position as position
    from locations l
    join service_providers sp on sp.id = l.service_provider
    ${joinParent('l', 'volume')}
    left join projects pr on pr.id = ${ownerOf('l', 'volume')}
    where l.resource_type = ? and l.resource_id = ? and ${lives('l')}
    order by sp.name = '${preferred}' desc, l.first_position`)
  return { inode: at, db, places }
}

function inode(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino
}
