import { mostProcesses, startApart } from '../apart.js'
import type { Position } from '../ids.js'
import { chain } from './chain.js'
import { firstUnindexed, surplusInIndex } from './indexed.js'
import { type Head, type LogReader, openLogReader } from './log.js'
import { guards } from './schema.js'

/** What does not hold, and from which position on; null where it is not about one event. */
export interface Breach {
  readonly position: number | null
  readonly problem: string
}

export interface Verdict {
  readonly events: number
  readonly head: Head
  /** Empty for a log that holds. A broken chain is reported once, at the first position. */
  readonly breaches: readonly Breach[]
}

/** Positions `after` (exclusive) to `upTo` (inclusive) of one file. */
interface Stretch {
  readonly after: Position
  readonly upTo: Position
}

/** What a walk over a stretch found. */
interface Walked {
  /** The last event that holds. */
  readonly reached: Position
  /** What comes after it and does not; the walk ends there. */
  readonly breach: Breach | null
  /** Whether an event has the hash that was noted down. */
  readonly seen: boolean
}

/**
 * Recompute the whole chain: positions without gaps, every hash over its predecessor, every body
 * readable, every event in the index that reports are read by, the append-only triggers in place. In
 * each file of a history, and from one to the next.
 *
 * @param noted a head noted down earlier: an event of that hash must be in the log
 */
export function verifyLog(log: Verifiable, noted?: string): Verdict {
  const { parts = [log] } = log
  const head = log.head() // before the walk, which goes at least as far
  const walked = parts.map(part => [walk(part, whole(part), { noted })])
  return { ...judge(log, noted, walked), head }
}

/** The same by several processes: each link of the chain can be looked at by itself. */
export async function verifyTogether(
  log: Verifiable,
  { noted, progress, processes }: Options = {},
): Promise<Verdict> {
  const { parts = [log] } = log
  const head = log.head() // before the walk, which goes at least as far
  const walked: (readonly Walked[])[] = []
  for (const part of parts) walked.push(await walkTogether(part, { noted, progress, processes }))
  return { ...judge(log, noted, walked), head }
}

type Verifiable = LogReader & { readonly parts?: readonly LogReader[] }

interface Options {
  readonly noted?: string | undefined
  /** Called now and then with about how many events were looked at. */
  readonly progress?: ((events: number) => void) | undefined
  /** As many as there are cores, but one for a short log, where not given. */
  readonly processes?: number | undefined
}

/** @param walked for each file what the walks over its stretches found, in their order */
function judge(
  log: Verifiable,
  noted: string | undefined,
  walked: readonly (readonly Walked[])[],
): Omit<Verdict, 'head'> {
  const { parts = [log] } = log
  const breaches: Breach[] = []
  let events = 0
  let seen = noted === undefined || noted === log.base().hash
  for (const [index, part] of parts.entries()) {
    const walks = walked[index] ?? []
    const broken = walks.findIndex(({ breach }) => breach !== null)
    const valid = broken < 0 ? walks : walks.slice(0, broken + 1)
    seen ||= valid.some(walk => walk.seen)
    const { reached, breach } = valid.at(-1) ?? { reached: part.base().position, breach: null }
    const holding = reached - part.base().position
    events += holding
    const found = [...missingGuards(part), ...(breach ? [breach] : [])]
    breaches.push(...found)
    if (!breach) breaches.push(...orphans(part, { holding, reached }), ...strays(part))
  }
  if (!seen) {
    breaches.push({
      position: null,
      problem: `no event has the hash ${noted}: this is not a later copy of that log`,
    })
  }
  return { events, breaches }
}

const whole = (log: LogReader): Stretch => ({
  after: log.base().position,
  upTo: log.head().position,
})

/** Below this many events each, more processes cost more than they save. */
const WORTHWHILE = 25_000

async function walkTogether(log: LogReader, options: Options): Promise<Walked[]> {
  const { noted, progress, processes } = options
  const { after, upTo } = whole(log)
  const count = processes ?? mostProcesses(upTo - after, WORTHWHILE)
  const [own, ...others] = split(log, count)
  const script = import.meta.resolve('./verify-part.js')
  const started = await Promise.all(
    others.map(stretch => startApart<Part, Walked>(script, { file: log.file, stretch, noted })),
  )
  const first = own && walk(log, own, { noted, progress: events => progress?.(events * count) })
  const rest = await Promise.all(started.map(part => part.next()))
  return first ? [first, ...rest] : rest
}

/** Stretches that meet at events that exist, so that what is missing is missing within one of them. */
function split(log: LogReader, count: number): Stretch[] {
  const { after, upTo } = whole(log)
  const nearest = log.db
    .prepare<[number], Position>('select max(position) from main.payloads where position <= ?')
    .pluck()
  const ends = Array.from({ length: count - 1 }, (_, index) =>
    nearest.get(Math.floor(after + ((index + 1) * (upTo - after)) / count)),
  )
  const inside = ends.filter(end => end !== undefined && end > after)
  const edges = [after, ...new Set(inside), upTo].filter(edge => edge !== undefined)
  return edges.slice(1).map((end, index) => ({ after: edges[index] ?? after, upTo: end }))
}

/** What a process is told to verify. */
export interface Part {
  readonly file: string
  readonly stretch: Stretch
  readonly noted: string | undefined
}

/** Walk over a stretch in a process of its own. */
export function verifyPart({ file, stretch, noted }: Part): Walked {
  using log = openLogReader(file)
  return walk(log, stretch, { noted })
}

function walk(log: LogReader, stretch: Stretch, { noted, progress }: Options): Walked {
  let { position, hash } = headAt(log, stretch.after)
  let seen = false
  const broken = (at: Position | number, problem: string): Walked => ({
    reached: position,
    breach: { position: at, problem },
    seen,
  })
  try {
    for (const event of log.read(stretch)) {
      if (event.position !== position + 1) {
        return broken(event.position, `follows position ${position}: the log has no gaps by design`)
      }
      const expected = chain(hash, event.position, event.recordedAt, event)
      if (event.hash !== expected) {
        return broken(
          event.position,
          `its hash is ${event.hash}, recomputed it is ${expected}: this event or its hash was changed`,
        )
      }
      ;({ position, hash } = event)
      seen ||= hash === noted
      if (position % 10_000 === 0) progress?.(position - stretch.after)
    }
    const unindexed = firstUnindexed(log, { after: stretch.after, upTo: position })
    if (unindexed !== null) {
      return broken(
        unindexed,
        'is not in the index of resources as it stands: reports would miss it',
      )
    }
  } catch (error) {
    const problem = `cannot be read: ${error instanceof Error ? error.message : String(error)}`
    return broken(position + 1, problem)
  }
  return { reached: position, breach: null, seen }
}

/** An event as it is stored, or what the first one follows. */
function headAt(log: LogReader, position: Position): Head {
  const hash = log.db
    .prepare<[number], Buffer>('select hash from main.payloads where position = ?')
    .pluck()
    .get(position)
  return hash === undefined ? log.base() : { position, hash: hash.toString('hex') }
}

/** Rows that stand in one of the two tables only, up to the last that was walked to or at the end. */
function orphans(
  log: LogReader,
  { holding, reached }: { holding: number; reached: Position },
): Breach[] {
  const stored = log.db
    .prepare<[number], number>(
      `select count(*) from main.events where position <= ?
        or position > (select ifnull(max(position), 0) from main.payloads)`,
    )
    .pluck()
    .get(reached)
  if (stored === holding) return []
  const problem = `${stored} events but ${holding} with a payload: rows were taken out of one table`
  return [{ position: null, problem }]
}

/** What the index of resources has beside the events. */
function strays(log: LogReader): Breach[] {
  const surplus = surplusInIndex(log)
  if (surplus === 0) return []
  const problem = `the index of resources has ${surplus} entries more than there are events: reports would tell of them`
  return [{ position: null, problem }]
}

function missingGuards({ db }: LogReader): Breach[] {
  const find = db
    .prepare<[string], string>(
      "select sql from main.sqlite_schema where type = 'trigger' and name = ?",
    )
    .pluck()
  return guards
    .filter(({ name, sql }) => find.get(name)?.toLowerCase() !== sql.toLowerCase())
    .map(({ name }) => ({
      position: null,
      problem: `the trigger ${name} is missing or changed: the file could be edited unnoticed`,
    }))
}
