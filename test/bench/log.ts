/**
 * The event log beside the bare engine: what recording, reading and projecting cost over what
 * SQLite alone takes for the same rows, in the same run on the same disk.
 *
 *     npm run bench:log -- 200000
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { Event } from '../../src/event/event.js'
import { now } from '../../src/event/time.js'
import { openLog } from '../../src/log/open-log.js'
import { verifyLog } from '../../src/log/verify.js'
import { openLocations } from '../../src/projection/locate.js'
import { rebuildViews } from '../../src/projection/open-views.js'
import { batches, recordedHistory, recordedSize } from './recorded-history.js'

const total = Number(process.argv[2] ?? 100_000)
const folder = mkdtempSync(join(tmpdir(), 'mixmatch-bench-'))
const prepared = [...batches(recordedHistory(total))]

function appendEach(append: (batch: readonly Event[]) => unknown): () => void {
  return () => {
    for (const batch of prepared) append(batch)
  }
}

/** Events a second, of the work alone. */
async function rate(work: () => unknown): Promise<number> {
  const begun = performance.now()
  await work()
  return Math.round((total / (performance.now() - begun)) * 1000)
}

function row(what: string, ours: number, bare?: number): void {
  const ratio = bare === undefined ? '' : (ours / bare).toFixed(2)
  console.log(
    `${what.padEnd(34)} ${String(ours).padStart(10)} ${String(bare ?? '').padStart(10)} ${ratio.padStart(6)}`,
  )
}

try {
  console.log(`${total} events, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`)
  console.log(
    `${'events a second'.padEnd(34)} ${'mixmatch'.padStart(10)} ${'bare'.padStart(10)} ${'ratio'.padStart(6)}`,
  )
  const bare = new Database(join(folder, 'bare.db'))
  bare.pragma('page_size = 16384')
  bare.pragma('journal_mode = WAL')
  bare.pragma('synchronous = FULL')
  bare.exec('create table events (position integer primary key, message_id text unique, body text)')
  const insert = bare.prepare('insert into events (message_id, body) values (?, ?)')
  const insertAll = bare.transaction((events: readonly Event[]) => {
    for (const { messageId, body } of events) insert.run(messageId, body)
  })
  const bareAppend = await rate(appendEach(insertAll))

  using log = openLog(join(folder, 'events.db'))
  row(
    'append, synchronous=FULL',
    await rate(appendEach(batch => log.append(batch, now()))),
    bareAppend,
  )

  const scan = log.db.prepare(`select count(*), max(position), max(kind), max(emitted_at),
    max(recorded_at), max(project), max(resource_type), max(resource_id), max(parent), max(service_provider)
    from events not indexed`)
  const bareScan = await rate(() => scan.get())
  const views = join(folder, 'views.db')
  row('rebuild every view / bare scan', await rate(() => rebuildViews(views, [log.file])), bareScan)
  row('verify the chain', await rate(() => verifyLog(log)))

  const ids = prepared.flat().flatMap(({ resource }) => (resource ? [resource] : []))
  using locations = openLocations(views, log.file)
  row(
    'locate',
    await rate(() => {
      for (let n = 0; n < total; n += 1) {
        const key = ids[(n * 7919) % ids.length]
        if (key) locations.locate(key.type, key.id)
      }
    }),
  )

  log.db.pragma('wal_checkpoint(TRUNCATE)')
  const stored = statSync(log.file).size / total
  console.log(
    `bytes an event: ${recordedSize.toFixed(0)} as recorded JSON, ${stored.toFixed(0)} in the log with all its indexes: ${(stored / recordedSize).toFixed(2)}`,
  )
  bare.close()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
