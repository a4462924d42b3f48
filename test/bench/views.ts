/**
 * What building the views costs over what SQLite alone takes to scan the same columns of the same
 * file, in the same run.
 *
 *     npm run bench:views -- 2000000
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { buildViews } from '../../src/projection/build.js'
import { makeLongLog } from './long-log.js'

const events = Number(process.argv[2] ?? 1_000_000)
const folder = mkdtempSync(join(tmpdir(), 'mixmatch-bench-'))
const file = join(folder, 'events.db')

/** Millions of events a second, the better of three. */
async function rate(work: () => unknown): Promise<number> {
  const seconds: number[] = []
  for (let round = 0; round < 3; round += 1) {
    const begun = performance.now()
    await work()
    seconds.push((performance.now() - begun) / 1000)
  }
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
  const bare = await rate(() => scan.get())
  log.close()
  const views = join(folder, 'views.db')
  console.log(`Node ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model}`)
  console.log(`${events} events, log ${mebibytes(statSync(file).size)}`)
  console.log(`scan by the engine alone       ${bare.toFixed(2)} million/s`)
  for (const processes of new Set([1, availableParallelism()])) {
    const built = await rate(async () => {
      rmSync(views, { force: true })
      await buildViews(views, [file], { processes })
    })
    const ratio = (built / bare).toFixed(2)
    console.log(
      `all views by ${processes} process${processes === 1 ? '  ' : 'es'}       ${built.toFixed(2)} million/s, ratio ${ratio}`,
    )
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
