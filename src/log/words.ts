import type { Database } from 'better-sqlite3'
import * as z from 'zod'
import { envelopes, eventSources } from '../event/event.js'
import { projectId } from '../ids.js'
import type { StoredRow } from './rows.js'

/**
 * The tables of words, and the column of `events` that refers to each by number. A word gets the next
 * number when an event first uses it. So the numbers have no gaps, they are in the order of first
 * use, and each is used.
 */
export const wordTables = {
  service_providers: 'service_provider',
  event_types: 'event_type',
  projects: 'project',
  origins: 'origin',
} as const
type WordTable = keyof typeof wordTables
const tables = ['service_providers', 'event_types', 'projects', 'origins'] as const

/** How many words of each table the events up to a position use. */
export type WordCounts = Readonly<Record<WordTable, number>>

export const noWords: WordCounts = { service_providers: 0, event_types: 0, projects: 0, origins: 0 }

/** Count the words that events in the main file use up to a position. */
export function countWords(db: Database, upTo: number): WordCounts {
  const counts = db
    .prepare<[number], WordCounts>(`
      select ifnull(max(service_provider), 0) as service_providers,
        ifnull(max(event_type), 0) as event_types, ifnull(max(project), 0) as projects,
        ifnull(max(origin), 0) as origins
      from main.events where position <= ?`)
    .get(upTo)
  return counts ?? noWords
}

export function mostWords(one: WordCounts, other: WordCounts): WordCounts {
  return {
    service_providers: Math.max(one.service_providers, other.service_providers),
    event_types: Math.max(one.event_types, other.event_types),
    projects: Math.max(one.projects, other.projects),
    origins: Math.max(one.origins, other.origins),
  }
}

/**
 * Create a check of the word numbers of one event after another.
 *
 * @param before the words that earlier events use
 * @returns the check: it says which word has a number out of order, or null
 */
export function followWords(before: WordCounts): (row: StoredRow) => string | null {
  const counts: Record<WordTable, number> = { ...before }
  return row => {
    const numbers: Record<WordTable, number> = {
      service_providers: row.service_provider_id,
      event_types: row.event_type_id,
      projects: row.project_id ?? 1,
      origins: row.origin_id,
    }
    for (const table of tables) {
      const number = numbers[table]
      if (table === 'projects' && row.project_id === null) continue
      if (number < 1 || number > counts[table] + 1) {
        return `it names row ${number} of ${table}, where ${counts[table] + 1} would be the next`
      }
      counts[table] = Math.max(counts[table], number)
    }
    return null
  }
}

const name = z.object({ id: z.number(), name: z.string(), name_bytes: z.instanceof(Buffer) })
const origin = z.object({
  id: z.number(),
  source: z.number(),
  exchange: z.string(),
  exchange_bytes: z.instanceof(Buffer),
  routing_key: z.string(),
  routing_key_bytes: z.instanceof(Buffer),
  envelope: z.enum(envelopes),
})

/** Problems of words: rows that are not stored as a word is, and rows that no event uses. */
export function foreignWords(db: Database, used: WordCounts | null): string[] {
  return tables.flatMap(table =>
    rowsOf(db, table).flatMap(row => {
      const problem = whyInvalidWord(table, row)
      const id = Number(row.id)
      if (problem !== null) return [`row ${id} of ${table} ${problem}`]
      const isUsed = used === null || (id >= 1 && id <= used[table])
      return isUsed ? [] : [`row ${id} of ${table} is of no event`]
    }),
  )
}

function whyInvalidWord(table: WordTable, row: unknown): string | null {
  if (table === 'origins') {
    const { success, data } = origin.safeParse(row)
    if (!success || eventSources[data.source] === undefined) return 'is no origin of events'
    const isText =
      isUtf8(data.exchange, data.exchange_bytes) && isUtf8(data.routing_key, data.routing_key_bytes)
    return isText ? null : 'is not UTF-8'
  }
  const { success, data } = name.safeParse(row)
  if (!success) return 'is no word'
  if (!isUtf8(data.name, data.name_bytes)) return 'is not UTF-8'
  const isAsStored = table !== 'projects' || projectId(data.name) === data.name
  return isAsStored ? null : 'is not stored as this project is'
}

function isUtf8(text: string, bytes: Buffer): boolean {
  return Buffer.from(text).equals(bytes)
}

function rowsOf(db: Database, table: WordTable): { readonly id: unknown }[] {
  const columns =
    table === 'origins'
      ? `*, cast(exchange as blob) as exchange_bytes, cast(routing_key as blob) as routing_key_bytes`
      : '*, cast(name as blob) as name_bytes'
  return db.prepare<[], { id: unknown }>(`select ${columns} from main.${table} order by id`).all()
}

/** Problems of words that have the same number in two files of one history, but differ. */
export function differingWords(earlier: Database, later: Database, both: WordCounts): string[] {
  return tables.flatMap(table => {
    const [one, other] = [earlier, later].map(db => {
      const rows = rowsOf(db, table).filter(({ id }) => Number(id) <= both[table])
      return new Map(rows.map(row => [Number(row.id), JSON.stringify(row)]))
    })
    return [...(one ?? new Map())]
      .filter(([id, row]) => other?.get(id) !== row)
      .map(([id]) => `row ${id} of ${table} is another one in the file before it`)
  })
}
