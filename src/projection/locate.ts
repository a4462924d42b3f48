import { existsSync, statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { MixmatchError } from '../errors.js'
import { resourceTypeCode, storeId } from '../event/stored.js'
import {
  IDENTITY_PROVIDER,
  type ResourceId,
  type ResourceKey,
  type ResourceType,
  resourceTypes,
  type SpName,
} from '../ids.js'
import { openReadable } from '../sqlite.js'
import { readState, whyUnfit } from './belonging.js'
import type { Evidence, FindEvidence, Locate, Place } from './place.js'
import { type PlaceRow, readPlace, selectPlaces } from './places.js'
import { prepareEvidence } from './views/evidence.js'
import { setViewsAside, viewsFileOf } from './views-file.js'

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
interface Locations extends Disposable {
  /** @throws VIEWS_UNAVAILABLE where `problem` says why: not to know is not to know that it is nowhere */
  readonly locate: Locate
  /** Throws as `locate`. */
  readonly evidence: FindEvidence
  /** Every resource of this id, of whatever type, with its places. Throws as `locate`. */
  find(id: ResourceId): readonly Located[]
  /** Why there are no views to read at the moment; null where there are. */
  problem(): string | null
  /** Look for views that were put in the place of these, and open them. Call it now and then. */
  refresh(): void
}

interface Options {
  /** Whom a conflict is decided for; next comes the first to have held the resource. */
  readonly prefer?: SpName
  /** Move damaged views away, so that the recorder builds new ones. What only reads must not. */
  readonly replaceDamaged?: boolean
}

/** Open the views of a log for reading. Where there are none that fit yet, `refresh` may find them. */
export function openLocations(
  file: string,
  logFile: string,
  { prefer = IDENTITY_PROVIDER, replaceDamaged = false }: Options = {},
): Locations {
  let reading = begin()
  let missed = 0

  function begin(): Reading {
    if (!existsSync(file)) return { problem: `${file}: there are no views yet` }
    const inode = inodeOf(file)
    try {
      return openViewsOf(file, logFile, prefer)
    } catch (error) {
      return { problem: damage(error, inode) }
    }
  }

  function close(problem: string): void {
    if ('db' in reading) reading.db.close()
    reading = { problem }
  }

  /** @throws what nobody foresaw */
  function damage(error: unknown, inode: number | undefined): string {
    if (!isDamage(error)) {
      if (error instanceof MixmatchError) return error.message
      throw error
    }
    if (replaceDamaged && inodeOf(file) === inode) setViewsAside(file, 'damaged')
    return `${file}: the views are damaged (${error.message})`
  }

  function read<Result>(query: (views: OpenViews) => Result): Result {
    if ('problem' in reading) {
      const message = `It is not known at the moment where things are: ${reading.problem}. Try again.`
      throw new MixmatchError('VIEWS_UNAVAILABLE', message)
    }
    try {
      return query(reading)
    } catch (error) {
      close(damage(error, reading.inode))
      return read(query)
    }
  }

  const locate = (type: ResourceType, id: ResourceId): readonly Place[] =>
    read(({ places }) => places.all(resourceTypeCode(type), storeId(id)).map(readPlace))

  return {
    locate,
    evidence: (type, id) => read(({ evidence }) => evidence(type, id)),
    find: id => findAll(locate, id),
    problem: () => ('problem' in reading ? reading.problem : null),
    refresh() {
      const inode = inodeOf(file)
      // Between the old views and the new ones there is a moment without any.
      missed = inode === undefined ? missed + 1 : 0
      if (missed > 1) close(`${file}: the views are gone`)
      if (inode === undefined || ('inode' in reading && reading.inode === inode)) return
      const fresh = begin()
      if ('db' in reading) reading.db.close()
      reading = fresh
    },
    [Symbol.dispose]() {
      close('closed')
    },
  }
}

/** Why the proxy cannot read the views of a log at the moment; null where it can. */
export function whyNoViews(logFile: string): string | null {
  using locations = openLocations(viewsFileOf(logFile), logFile)
  return locations.problem()
}

/** The views of a log, where there are any that fit it; else undefined, and the caller reads the log. */
export function openLocationsOf(logFile: string): Locations | undefined {
  const locations = openLocations(viewsFileOf(logFile), logFile)
  if (locations.problem() === null) return locations
  locations[Symbol.dispose]()
  return undefined
}

interface OpenViews {
  readonly inode: number
  readonly db: Database.Database
  readonly places: Database.Statement<[number, Buffer | string], PlaceRow>
  readonly evidence: (type: ResourceType, id: ResourceId) => Evidence
}

type Reading = OpenViews | { readonly problem: string }

/** @throws SqliteError or MixmatchError where they are damaged */
function openViewsOf(file: string, logFile: string, prefer: SpName): Reading {
  const inode = inodeOf(file)
  const db = openReadable(file)
  let problem: string | null = 'cannot be read'
  try {
    problem = whyUnfit(readState(db), logFile)
    if (problem !== null || inode === undefined) return { problem: `${file}: ${problem}` }
    // A look-up through the page cache of the system costs a third of one that reads page by page.
    db.pragma(`mmap_size = ${MAPPED_BYTES}`)
    const places = db.prepare<[number, Buffer | string], PlaceRow>(
      selectPlaces('l.resource_type = ? and l.resource_id = ?', prefer),
    )
    return { inode, db, places, evidence: prepareEvidence(db) }
  } finally {
    if (problem !== null) db.close()
  }
}

/** A file that is no database any more, or whose pages or tables are not what they were. */
function isDamage(error: unknown): error is Error {
  if (error instanceof MixmatchError) {
    return error.code === 'LOG_BROKEN' || error.code === 'LOG_NOT_A_LOG'
  }
  return (
    error instanceof Database.SqliteError &&
    /^SQLITE_(CORRUPT|NOTADB|ERROR|IOERR_SHORT_READ|FORMAT)/.test(error.code)
  )
}

function inodeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino
}
