/**
 * What building the views costs over what SQLite alone takes to scan the same columns of the same
 * file, in the same run.
 *
 *     npm run bench:views -- 2000000
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { rebuildViews } from '../../src/projection/views.js'
import { makeLongLog } from './long-log.js'

const events = Number(process.argv[2] ?? 1_000_000)
const folder = mkdtempSync(join(tmpdir(), 'mixmatch-bench-'))
const file = join(folder, 'events.db')

/** Millions of events a second, the better of two. */
function rate(work: () => void): number {
  const seconds = [1, 2].map(() => {
    const begun = performance.now()
    work()
    return (performance.now() - begun) / 1000
  })
  return events / Math.min(...seconds) / 1e6
}

try {
  makeLongLog(file, events)
  const log = new Database(file, { readonly: true })
  const columns =
    'resource_type, resource_id, service_provider, at, kind, position, project, parent'
  const scan = log.prepare(
    `select ${columns.split(', ').map(column => `max(${column})`)} from events indexed by events_by_resource where kind > 0`,
  )
  const bare = rate(() => scan.get())
  log.close()
  const built = rate(() => rebuildViews(join(folder, 'views.db'), [file]))
  console.log(
    `${events} events, log ${mebibytes(file)}, views ${mebibytes(join(folder, 'views.db'))}`,
  )
  console.log(`scan by the engine alone  ${bare.toFixed(2)} million/s`)
  console.log(`all views built           ${built.toFixed(2)} million/s`)
  console.log(`ratio                     ${(built / bare).toFixed(2)}`)
} finally {
  rmSync(folder, { recursive: true })
}

function mebibytes(path: string): string {
  return `${(statSync(path).size / 2 ** 20).toFixed(0)} MiB`
}
