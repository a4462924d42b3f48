import { fork } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Database } from 'better-sqlite3'
import type { StoredId } from '../event/stored.js'
import { position } from '../ids.js'
import { applying, attachHistory } from './advance.js'
import { allKeys, type Keys, type Stretch } from './projection.js'
import { projections } from './projections.js'
import { createTables, openUnfinished } from './tables.js'

/** The views that are built in parts: each row is about one resource and follows from its events. */
const partial = projections.filter(({ byResource }) => byResource)

/** Below this many events each, more processes cost more than they save. */
const WORTHWHILE = 200_000

/** How many processes should share a stretch: no more than there are cores. */
export function mostProcesses({ after, upTo }: Stretch): number {
  return Math.min(availableParallelism(), Math.floor((upTo - after) / WORTHWHILE))
}

interface Work {
  /** Where the views are built. The parts are built beside it. */
  readonly file: string
  readonly logFile: string
  readonly stretch: Stretch
  readonly count: number
}

/**
 * Have the views that are about resources built by several processes, each for the resources between
 * two keys, and join what they built.
 *
 * @param db the views, with nothing in them, and the log attached
 * @param meanwhile what this process does while the others are at work
 */
export async function buildParts(
  db: Database,
  { file, logFile, stretch, count }: Work,
  meanwhile: () => void,
): Promise<void> {
  const parts = splitKeys(db, stretch, count).map((keys, index) => {
    const part = `${file}.part${index}`
    rmSync(part, { force: true })
    writeTask(part, { log: logFile, ...stretch, ...keys })
    return part
  })
  try {
    const built = Promise.all(parts.map(runPart))
    meanwhile()
    await built
    for (const part of parts) join(db, part)
  } finally {
    for (const part of parts) rmSync(part, { force: true })
  }
}

/** Events that are looked at to tell where parts of equal size meet. */
const SAMPLE = 2000

/** Cut the resources where the events of each part are about as many. */
function splitKeys(db: Database, { after, upTo }: Stretch, count: number): Keys[] {
  const step = (upTo - after) / SAMPLE
  const places = Array.from({ length: SAMPLE }, (_, index) => Math.ceil(after + index * step) + 1)
  const seen = db
    .prepare<[string], { type: number; id: StoredId }>(
      `select resource_type as type, resource_id as id from log.events
      where position in (select value from json_each(?)) and kind > 0
        and resource_type is not null and resource_id is not null
      order by 1, 2`,
    )
    .all(JSON.stringify(places))
  const ends = Array.from({ length: count - 1 }, (_, index) => {
    const end = seen[Math.floor(((index + 1) * seen.length) / count)]
    return end === undefined ? undefined : { toType: end.type, toId: end.id }
  }).filter(end => end !== undefined)
  const last = { toType: allKeys.toType, toId: allKeys.toId }
  return [...ends, last].map((end, index) => {
    const { toType: fromType = allKeys.fromType, toId: fromId = allKeys.fromId } =
      ends[index - 1] ?? {}
    return { fromType, fromId, ...end }
  })
}

/** What a part is to be built from; stands in its file from the beginning. */
interface Task extends Keys {
  readonly log: string
  readonly after: number
  readonly upTo: number
}

function writeTask(part: string, task: Task): void {
  const db = openUnfinished(part)
  db.exec('create table task (log, "after", upTo, fromType, fromId, toType, toId)')
  db.prepare(
    'insert into task values (:log, :after, :upTo, :fromType, :fromId, :toType, :toId)',
  ).run(task)
  db.close()
}

async function runPart(part: string): Promise<void> {
  const script = fileURLToPath(import.meta.resolve('./part.js'))
  const child = fork(script, [part], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const [code, signal] = await once(child, 'exit')
  if (code !== 0) throw new Error(`a part of the views could not be built: ${signal ?? code}`)
}

/** Build the part whose task stands in a file, in a process of its own. */
export function buildPart(part: string): void {
  const db = openUnfinished(part)
  const task = db.prepare<[], Task>('select * from task').get()
  if (task === undefined) throw new RangeError(`${part}: no task there`)
  createTables(db, 'main', partial)
  attachHistory(db, [task.log])
  const apply = applying(db, partial)
  const stretch = { after: position(task.after), upTo: position(task.upTo), keys: task }
  db.transaction(() => apply(stretch))()
  db.close()
}

/** Append the rows of a part to those of the parts before it: in their order they need no sorting. */
function join(db: Database, part: string): void {
  db.prepare('attach ? as part').run(part)
  db.transaction(() => {
    for (const table of partial.flatMap(({ tables }) => Object.keys(tables))) {
      db.exec(`insert into main.${table} select * from part.${table}`)
    }
  })()
  db.exec('detach part')
}
