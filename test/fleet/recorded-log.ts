import { createHash } from 'node:crypto'
import Database from 'better-sqlite3'
import { z } from 'zod'
import type { MixmatchNode } from './mixmatch-node.js'

/** The newest position of a log with its hash, as `mixmatch log head` prints it; '' if it cannot say. */
export async function headOf(node: MixmatchNode): Promise<string> {
  const { exitCode, stdout } = await node.command('log', 'head', '-f', 'value')
  return exitCode === 0 ? stdout.trim() : ''
}

/** The newest position of a log; 0 if there is none. Cheaper than a command, for polling. */
export function positionOf({ databaseFile }: MixmatchNode): number {
  try {
    using db = openReadOnly(databaseFile)
    return Number(db.prepare('select coalesce(max(position), 0) from events').pluck().get())
  } catch {
    return 0
  }
}

const exported = z.object({
  event_type: z.string(),
  source: z.string(),
  resource: z.object({ id: z.string() }).nullable(),
})

/** How often each resource was created according to the buses, from `mixmatch log export`. */
export async function countCreates(node: MixmatchNode): Promise<ReadonlyMap<string, number>> {
  const { stdout, stderr, exitCode } = await node.command('log', 'export')
  if (exitCode !== 0) throw new Error(`${node.name}: log export: ${stderr}`)
  const counts = new Map<string, number>()
  for (const line of stdout.trim().split('\n')) {
    const { event_type, source, resource } = exported.parse(JSON.parse(line))
    if (source !== 'bus' || event_type !== 'volume.create.end' || !resource) continue
    counts.set(resource.id, (counts.get(resource.id) ?? 0) + 1)
  }
  return counts
}

/** A digest of all rows of each view, by the name of its table. */
export function digestViews({ databaseFile }: MixmatchNode): Readonly<Record<string, string>> {
  using db = openReadOnly(databaseFile.replace('.db', '.views.db'))
  const names = db
    .prepare<[], string>("select name from sqlite_schema where type = 'table' order by name")
    .pluck()
    .all()
  return Object.fromEntries(
    names.filter(name => name !== 'state').map(name => [name, digest(db, name)]),
  )
}

function digest(db: Database.Database, table: string): string {
  const rows = db.prepare(`select * from ${table}`).raw().all()
  const lines = rows.map(row => JSON.stringify(row)).sort()
  return `${lines.length} rows, ${createHash('sha256').update(lines.join('\n')).digest('hex')}`
}

function openReadOnly(file: string): Database.Database & Disposable {
  const db = new Database(file, { readonly: true, fileMustExist: true })
  return Object.assign(db, { [Symbol.dispose]: () => void db.close() })
}
