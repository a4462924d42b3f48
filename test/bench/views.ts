/**
 * The cost of building views, compared with what SQLite alone takes to scan the same columns of the same
 * file, in the same run and in turn with it.
 *
 *     npm run bench:views -- 5000000
 */
import { fsyncSync, mkdtempSync, openSync, rmSync, statSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { buildViews } from '../../src/projection/build.js'
import { projections } from '../../src/projection/projections.js'
import { makeLongLog } from './long-log.js'

const events = Number(process.argv[2] ?? 5_000_000)
const folder = mkdtempSync(join(tmpdir(), 'mixmatch-bench-'))
const file = join(folder, 'events.db')

const ROUNDS = 5

async function seconds(work: () => unknown): Promise<number> {
  const begun = performance.now()
  await work()
  return (performance.now() - begun) / 1000
}

/** In turn, so that a machine that is slow for a while is slow for each of them; the best counts. */
async function inTurn(works: readonly (() => unknown)[]): Promise<number[]> {
  const best = works.map(() => Number.POSITIVE_INFINITY)
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, work] of works.entries()) {
      best[index] = Math.min(best[index] ?? 0, await seconds(work))
    }
  }
  return best
}

try {
  makeLongLog(file, { events, eventsPerResource: 10 })
  fsyncSync(openSync(file, 'r')) // nothing of it is still being written while we measure
  const log = new Database(file, { readonly: true })
  const columns =
    'resource_type, resource_id, service_provider, at, kind, position, project, parent'
  const scan = log.prepare(
    `select ${columns.split(', ').map(column => `max(${column})`)} from events indexed by events_by_resource where kind > 0`,
  )
  const views = join(folder, 'views.db')
  const building = (...names: readonly string[]) => {
    const some = projections.filter(({ name }) => names.length === 0 || names.includes(name))
    return () => {
      rmSync(views, { force: true })
      buildViews(views, [file], { views: some })
    }
  }
  const works: [what: string, work: () => unknown][] = [
    ['scan by the engine alone', () => scan.get()],
    ['locations', building('locations')],
    ['locations, placements', building('locations', 'placements')],
    ['all views', building()],
  ]
  console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`)
  console.log(`${events} events, log ${mebibytes(statSync(file).size)}`)
  const best = await inTurn(works.map(([, work]) => work))
  log.close()
  const [bare = 0] = best
  for (const [index, [what]] of works.entries()) {
    const taken = best[index] ?? 0
    const rate = (events / taken / 1e6).toFixed(2)
    console.log(`${what.padEnd(28)} ${rate} million/s, ratio ${(bare / taken).toFixed(2)}`)
  }
  console.log(
    `views ${mebibytes(statSync(views).size)}, memory at most ${mebibytes(process.resourceUsage().maxRSS * 1024)}`,
  )
} finally {
  rmSync(folder, { recursive: true })
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`
}
