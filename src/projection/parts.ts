import { rmSync } from 'node:fs'
import type { Database } from 'better-sqlite3'
import { mostProcesses, startApart } from '../apart.js'
import { applying, attachHistory } from './advance.js'
import { cutKeys, type Keys } from './keys.js'
import type { Stretch } from './projection.js'
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
  readonly stretch: Stretch
  readonly processes: number
  /** Called with how far this process has come with its share, and of how much. */
  readonly progress?: ((done: number, of: number) => void) | undefined
}

/**
 * Apply a stretch to views in which nothing is yet, by several processes: this one takes the first
 * resources, and each of the others some that follow, in a file that is then appended here.
 *
 * @param db the views, and the log attached
 */
export async function applyShared(
  db: Database,
  { file, logFile, stretch, processes, progress }: Work,
): Promise<void> {
  const pieces = cutKeys(db)
  const shares = Array.from({ length: processes }, (_, index) =>
    pieces.slice(...[index, index + 1].map(end => Math.round((end * pieces.length) / processes))),
  )
  const [own = [], ...others] = shares
  const parts = others.map((share, index) => ({ file: `${file}.part${index}`, share }))
  try {
    const script = import.meta.resolve('./part.js')
    const started = await Promise.all(
      parts.map(part => startApart<Part, void>(script, { ...part, logFile, stretch })),
    )
    db.transaction(() => applying(db)(stretch, told(own, progress)))()
    await Promise.all(started.map(({ done }) => done))
    for (const part of parts) append(db, part.file)
  } finally {
    for (const part of parts) rmSync(part.file, { force: true })
  }
}

function* told(pieces: readonly Keys[], progress: Work['progress']): Generator<Keys> {
  for (const [done, piece] of pieces.entries()) {
    progress?.(done, pieces.length)
    yield piece
  }
}

/** What a process is told to build. */
export interface Part {
  readonly file: string
  readonly logFile: string
  readonly stretch: Stretch
  readonly share: readonly Keys[]
}

/** The views of which each process has its part. */
const shared = projections.filter(({ byResource }) => byResource)

/** Build a part, in a process of its own. */
export function buildPart({ file, logFile, stretch, share }: Part): void {
  rmSync(file, { force: true })
  const db = openUnfinished(file)
  createTables(db, 'main', shared)
  attachHistory(db, [logFile])
  db.transaction(() => applying(db, shared)(stretch, share))()
  db.close()
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
