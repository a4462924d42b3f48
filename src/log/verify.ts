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
  /** Empty for a valid log. A broken chain is reported once, at the first position. */
  readonly breaches: readonly Breach[]
}

/**
 * Verify everything in each file of a history: positions have no gaps, each hash follows the previous
 * one, each row is as this version would store it, indexes and schema are complete, and no table has
 * other rows. Each file must also continue the previous one.
 *
 * @param noted the hash of an earlier head: an event in the log must have it
 */
export function verifyLog(log: Verifiable, noted?: string): Verdict {
  const files = filesOf(log)
  const head = log.head() // before the walk, which goes at least as far
  const walked = files.map(({ part, range, words }) => [walk(part, range, { noted, words })])
  return { ...combineResults(log, files, noted, walked), head }
}

/** Verify with several processes. Each verifies a range, because a link of the chain needs only two events. */
export async function verifyTogether(
  log: Verifiable,
  { noted, progress, processes }: Options = {},
): Promise<Verdict> {
  const files = filesOf(log)
  const head = log.head() // before the walk, which goes at least as far
  const walked: (readonly Walked[])[] = []
  for (const file of files) walked.push(await walkTogether(file, { noted, progress, processes }))
  return { ...combineResults(log, files, noted, walked), head }
}

type Verifiable = LogReader & { readonly parts?: readonly LogReader[] }

interface Options {
  readonly noted?: string | undefined
  /** Called from time to time with the approximate number of verified events. */
  readonly progress?: ((events: number) => void) | undefined
  /** The default is the number of cores, or one for a short log. */
  readonly processes?: number | undefined
}

/** A file of the history, and the range to verify. */
interface File {
  readonly part: LogReader
  /** The events that the file had when verification began. */
  readonly range: PositionRange
  /** The words that events of earlier files use; null if those files are missing. */
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

/** @param walked for each file the results of its ranges, in order */
function combineResults(
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
    add(problemsOfFile(part.db, part.file))
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

/** With fewer events per process, another process costs more time than it saves. */
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

/** Split at events that exist. So a missing event is always inside a range, where its walk finds the gap. */
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
