import { rmSync } from 'node:fs'
import type { Database } from 'better-sqlite3'
import { mostProcesses, startApart } from '../apart.js'
import { applying, attachHistory, type Told } from './advance.js'
import { cutKeys, type Keys } from './keys.js'
import type { Projection, Stretch } from './projection.js'
import { projections } from './projections.js'
import { createTables, openUnfinished } from './tables.js'

/** Below this many events each, more processes cost more than they save. */
const WORTHWHILE = 250_000

/** How many processes should share a stretch. */
export const sharersOf = ({ after, upTo }: Stretch) => mostProcesses(upTo - after, WORTHWHILE)

interface Work {
  /** Where the views are built. The parts are built beside it. */
  readonly file: string
  readonly logFile: string
  readonly views?: readonly Projection[] | undefined
  readonly stretch: Stretch
  readonly processes: number
  /** Called with how many pieces of the work are done, and of how many. */
  readonly progress?: Told | undefined
}

/** The views of some resources, in a file of their own. */
interface Part {
  readonly file: string
  readonly pieces: readonly Keys[]
}

/** What a process is told to build. */
export interface Share {
  readonly logFile: string
  readonly stretch: Stretch
  readonly parts: readonly Part[]
}

/**
 * Apply a stretch to views in which nothing is yet, by several processes: this one takes the first
 * resources, and appends what the others have built of those that follow while they build on.
 *
 * @param db the views, and the log attached
 */
export async function applyShared(
  db: Database,
  { file, logFile, views = projections, stretch, processes, progress }: Work,
): Promise<void> {
  const pieces = cutKeys(db, stretch)
  const besides = views.every(view => view.byResource) ? 0 : OTHERS
  const own = pieces.slice(0, ownShare(pieces, processes, besides))
  const parts = partsOf(file, pieces.slice(own.length))
  try {
    const script = import.meta.resolve('./part.js')
    // Dealt out in turn, so that they are ready in about the order in which they are appended.
    const shares = Array.from({ length: processes - 1 }, (_, index) =>
      parts.filter((_, part) => part % (processes - 1) === index),
    )
    const others = await Promise.all(
      shares.map(share => startApart<Share, string>(script, { logFile, stretch, parts: share })),
    )
    const told: Told = done => progress?.(done, pieces.length)
    db.transaction(() => applying(db, views, told)(stretch, own))()
    let done = own.length
    for (const [index, part] of parts.entries()) {
      await others[index % others.length]?.next()
      append(db, part.file)
      rmSync(part.file)
      done += part.pieces.length
      told(done, pieces.length)
    }
  } finally {
    for (const part of parts) rmSync(part.file, { force: true })
  }
}

/** What appending takes of what building takes, and what the views that are not of resources do. */
const [APPENDING, OTHERS] = [0.08, 0.06]

/**
 * How many pieces the process takes itself that does all the rest, so that all end together.
 *
 * @param besides what it does before, as a part of what building all pieces takes
 */
function ownShare(pieces: readonly Keys[], processes: number, besides: number): number {
  if (processes === 1) return pieces.length
  const others = processes - 1
  const share = (1 - others * (APPENDING + besides)) / (processes - others * APPENDING)
  const events = share * pieces.reduce((sum, piece) => sum + piece.events, 0)
  let before = 0
  return pieces.filter(piece => {
    before += piece.events
    return before <= events
  }).length
}

/** Pieces that are built together: a file costs a little, and the last one is waited for. */
const TOGETHER = 5

function partsOf(file: string, pieces: readonly Keys[]): Part[] {
  return Array.from({ length: Math.ceil(pieces.length / TOGETHER) }, (_, index) => ({
    file: `${file}.part${index}`,
    pieces: pieces.slice(index * TOGETHER, (index + 1) * TOGETHER),
  }))
}

/** The views of which each process has its part. */
const shared = projections.filter(({ byResource }) => byResource)

/** Build parts, in a process of its own. @returns the file of each as soon as it is whole */
export function* buildParts({ logFile, stretch, parts }: Share): Generator<string> {
  for (const { file, pieces } of parts) {
    rmSync(file, { force: true })
    const db = openUnfinished(file)
    createTables(db, 'main', shared)
    attachHistory(db, [logFile])
    db.transaction(() => applying(db, shared)(stretch, pieces))()
    db.close()
    yield file
  }
}

/** Append the rows of a part to those of the parts before it: in their order they need no sorting. */
function append(db: Database, part: string): void {
  db.prepare('attach ? as part').run(part)
  db.transaction(() => {
    for (const table of shared.flatMap(({ tables }) => Object.keys(tables))) {
      db.exec(`insert into main.${table} select * from part.${table}`)
    }
  })()
  db.exec('detach part')
}
