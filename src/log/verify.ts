import type { Position, PositionRange } from '../ids.js'
import { mostProcesses, startSubprocess } from '../subprocess.js'
import type { Head, LogReader } from './event-log.js'
import { type Breach, type Part, type Walked, walk } from './verify-events.js'
import { problemsOfFile, problemsOfRows } from './verify-file.js'
import { countWords, differingWords, mostWords, noWords, type WordCounts } from './words.js'

export type { Breach } from './verify-events.js'

export interface Verdict {
  readonly events: number
  readonly head: Head
  /** Empty for a log that holds. A broken chain is reported once, at the first position. */
  readonly breaches: readonly Breach[]
}

/**
 * Verify all that is stored: positions without gaps, every hash over its predecessor, every row as
 * this version would store it, indexes and schema as they must be, and nothing besides in any table.
 * In each file of a history, and from one to the next.
 *
 * @param noted a head noted down earlier: an event of that hash must be in the log
 */
export function verifyLog(log: Verifiable, noted?: string): Verdict {
  const files = filesOf(log)
  const head = log.head() // before the walk, which goes at least as far
  const walked = files.map(({ part, range, words }) => [walk(part, range, { noted, words })])
  return { ...judge(log, files, noted, walked), head }
}

/** The same by several processes: each link of the chain can be looked at by itself. */
export async function verifyTogether(
  log: Verifiable,
  { noted, progress, processes }: Options = {},
): Promise<Verdict> {
  const files = filesOf(log)
  const head = log.head() // before the walk, which goes at least as far
  const walked: (readonly Walked[])[] = []
  for (const file of files) walked.push(await walkTogether(file, { noted, progress, processes }))
  return { ...judge(log, files, noted, walked), head }
}

type Verifiable = LogReader & { readonly parts?: readonly LogReader[] }

interface Options {
  readonly noted?: string | undefined
  /** Called now and then with about how many events were looked at. */
  readonly progress?: ((events: number) => void) | undefined
  /** As many as there are cores, but one for a short log, where not given. */
  readonly processes?: number | undefined
}

/** A file of the history, and what is verified of it. */
interface File {
  readonly part: LogReader
  /** All events that it had when this began. */
  readonly range: PositionRange
  /** The words that events of earlier files use; null where those files are not there. */
  readonly words: WordCounts | null
}

function filesOf(log: Verifiable): File[] {
  let words: WordCounts | null = null
  return (log.parts ?? [log]).map(part => {
    const range = { after: part.base().position, upTo: part.head().position }
    if (range.after === 0) words = noWords
    const file = { part, range, words }
    words &&= mostWords(words, countWords(part.db, range.upTo))
    return file
  })
}

/** @param walked for each file what the walks over its ranges found, in their order */
function judge(
  log: Verifiable,
  files: readonly File[],
  noted: string | undefined,
  walked: readonly (readonly Walked[])[],
): Omit<Verdict, 'head'> {
  const breaches: Breach[] = []
  const add = (problems: readonly string[]) =>
    breaches.push(...problems.map(problem => ({ position: null, problem })))
  let events = 0
  let seen = noted === undefined || noted === log.base().hash
  for (const [index, { part, range, words }] of files.entries()) {
    const walks = walked[index] ?? []
    const broken = walks.findIndex(({ breach }) => breach !== null)
    const valid = broken < 0 ? walks : walks.slice(0, broken + 1)
    seen ||= valid.some(walk => walk.seen)
    const { reached, breach } = valid.at(-1) ?? { reached: range.after, breach: null }
    events += reached - range.after
    add(problemsOfFile(part.db))
    if (breach) breaches.push(breach)
    else {
      const used = words && mostWords(words, countWords(part.db, reached))
      add(problemsOfRows(part.db, { ...range, reached }, used))
    }
    const before = files[index - 1]
    if (before && words) add(differingWords(before.part.db, part.db, words))
  }
  if (!seen) add([`no event has the hash ${noted}: this is not a later copy of that log`])
  return { events, breaches }
}

/** Below this many events each, more processes cost more than they save. */
const WORTHWHILE = 25_000

async function walkTogether({ part, range, words }: File, options: Options): Promise<Walked[]> {
  const { noted, progress, processes } = options
  const count = processes ?? mostProcesses(range.upTo - range.after, WORTHWHILE)
  const [own, ...others] = split(part, range, count)
  const script = import.meta.resolve('./verify-part.js')
  const { file } = part
  const started = await Promise.all(
    others.map(range => startSubprocess<Part, Walked>(script, { file, range, noted, words })),
  )
  const ownProgress = (events: number) => progress?.(events * count)
  const first = own && walk(part, own, { noted, words, progress: ownProgress })
  const rest = await Promise.all(started.map(each => each.next()))
  return first ? [first, ...rest] : rest
}

/** Ranges that meet at events that exist, so that what is missing is missing within one of them. */
function split(log: LogReader, { after, upTo }: PositionRange, count: number): PositionRange[] {
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
