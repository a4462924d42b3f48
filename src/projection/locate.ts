import { existsSync, statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { MixmatchError } from '../errors.js'
import type { StoredId } from '../event/stored.js'
import {
  IDENTITY_PROVIDER,
  type ResourceId,
  type ResourceKey,
  resourceTypes,
  type SpName,
} from '../ids.js'
import { openReadable } from '../sqlite.js'
import { readState, whyUnfit } from './belonging.js'
import type { FindEvidence, Locate, Place } from './place.js'
import { type PlaceRow, readPlace, selectPlaces } from './places.js'
import { createViewReader } from './view-reader.js'
import { prepareEvidence } from './views/evidence.js'
import { setViewsAside, viewsFileOf } from './views-file.js'

/** Address space, not memory: enough for about ten million resources. */
const MAPPED_BYTES = 2 ** 31 - 1

/** A resource and its places. */
export interface Located {
  readonly resource: ResourceKey
  readonly places: readonly Place[]
}

/** Find all resources with an id, of any type, that a cloud holds. */
export function findAll(locate: Locate, id: ResourceId): Located[] {
  return resourceTypes.flatMap(type => {
    const places = locate(type, id)
    return places.length === 0 ? [] : [{ resource: { type, id }, places }]
  })
}

/** The location view, open for reading by any number of processes. */
interface Locations extends Disposable {
  /** @throws VIEWS_UNAVAILABLE if there is a `problem`: an empty result would mean that no cloud holds the resource */
  readonly locate: Locate
  /** Throws as `locate`. */
  readonly evidence: FindEvidence
  /** Find all resources with this id, of any type, with their places. Throws as `locate`. */
  find(id: ResourceId): readonly Located[]
  /** Why there are no views to read at the moment; null if there are. */
  problem(): string | null
  /** Open the new views if the file was replaced. Call it from time to time. */
  refresh(): void
}

interface Options {
  /** The cloud that comes first in a conflict. The next is the first cloud that held the resource. */
  readonly prefer?: SpName
  /** Rename damaged views, so that the recorder builds new ones. Commands that only read must not do this. */
  readonly replaceDamaged?: boolean
}

/** Open the views of a log for reading. If there are no matching views yet, `refresh` may find them later. */
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
      return { problem: handleError(error, inode) }
    }
  }

  function close(problem: string): void {
    if ('db' in reading) reading.db.close()
    reading = { problem }
  }

  /** Describe an error of the views, and rename damaged ones. @throws the error if it is unexpected */
  function handleError(error: unknown, inode: number | undefined): string {
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
      close(handleError(error, reading.inode))
      return read(query)
    }
  }

  const locate: Locate = (type, id) => read(views => views.locate(type, id))

  return {
    locate,
    evidence: (type, id) => read(views => views.evidence(type, id)),
    find: id => findAll(locate, id),
    problem: () => ('problem' in reading ? reading.problem : null),
    refresh() {
      const inode = inodeOf(file)
      // While views are replaced, there is a moment without a file.
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

/** Why the proxy cannot read the views of a log at the moment; null if it can. */
export function whyNoViews(logFile: string): string | null {
  using locations = openLocations(viewsFileOf(logFile), logFile)
  return locations.problem()
}

/** Open the views of a log. Returns undefined if none match it; then the caller reads the log. */
export function openLocationsOf(logFile: string): Locations | undefined {
  const locations = openLocations(viewsFileOf(logFile), logFile)
  return locations.problem() === null ? locations : undefined // with a problem, no file is open
}

interface OpenViews {
  readonly inode: number
  readonly db: Database.Database
  readonly locate: Locate
  readonly evidence: FindEvidence
}

type Reading = OpenViews | { readonly problem: string }

/** @throws SqliteError or MixmatchError if they are damaged */
function openViewsOf(file: string, logFile: string, prefer: SpName): Reading {
  const inode = inodeOf(file)
  const db = openReadable(file)
  let problem: string | null = 'cannot be read'
  try {
    problem = whyUnfit(readState(db), logFile)
    if (problem !== null || inode === undefined) return { problem: `${file}: ${problem}` }
    // A look-up in mapped memory takes a third of the time of one that reads page by page.
    db.pragma(`mmap_size = ${MAPPED_BYTES}`)
    const places = db.prepare<[number, StoredId], PlaceRow>(
      selectPlaces('l.resource_type = +? and l.resource_id = +?', prefer),
    )
    const reader = createViewReader(db)
    return {
      inode,
      db,
      locate: reader.remember((type, id) => places.all(type, id).map(readPlace)),
      evidence: reader.remember(prepareEvidence(db)),
    }
  } finally {
    if (problem !== null) db.close()
  }
}

/** Whether an error shows damage: the file is no database any more, or its pages or tables were changed. */
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
