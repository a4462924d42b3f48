import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { openAuditDatabase } from '../../src/audit/audit-database.js'
import { checkChain } from '../../src/audit/chain-check.js'
import { reportPlacement } from '../../src/audit/placement-report.js'
import { addProvenance, recordProvenance } from '../../src/audit/provenance.js'
import { position } from '../../src/ids.js'
import { openHistory } from '../../src/log/history.js'
import { openLog } from '../../src/log/open-log.js'
import { alice, at, bob, created, disk, folder, image } from '../controls.js'
import { rows } from './audit-databases.js'

const everything = { projects: [], serviceProviders: [], types: [], silence: 3600e6, at: null }

test('a report about a log that is being written has the digests of one moment, and a caveat', t => {
  const file = join(folder(t), 'events.db')
  using log = openLog(file)
  log.append([created(disk, alice)], at(60))
  using history = openHistory([file])
  const provenance = recordProvenance(history, null)
  using database = openAuditDatabase(history)
  const before = addProvenance(reportPlacement(database, everything), history, provenance)
  t.deepEqual(
    before.caveats.map(({ brief }) => brief),
    ['the chain of hashes was not verified'],
  )
  const files = [file, `${file}-wal`] // the newest events are in the second one
  t.deepEqual(
    rows(before, 'files').map(row => [row['file'], row['bytes'], row['sha256']]),
    files.map(each => [
      each,
      statSync(each).size,
      createHash('sha256').update(readFileSync(each)).digest('hex'),
    ]),
  )
  log.append([created(image, bob)], at(61))
  const after = addProvenance(reportPlacement(database, everything), history, provenance)
  t.regex(
    after.conclusion ?? '',
    /the log was in use, so the SHA-256 of its files is that of a moment/,
  )
  t.regex(after.conclusion ?? '', /^1 resource in 1 cloud, at position 1, according to 1 event /)
})

test('the head of a report is the hash of the last event that it read, not of a later one', async t => {
  const file = join(folder(t), 'events.db')
  using log = openLog(file)
  log.append([created(disk, alice)], at(60))
  const { hash } = log.head()
  using history = openHistory([file])
  const chain = await checkChain(history, {}, () => {})
  log.append([created(image, bob)], at(61))
  t.is(chain.head.hash, hash)
  using database = openAuditDatabase(history, chain.head.position)
  const { scope } = reportPlacement(database, everything)
  t.like(scope, { last_position: position(1), head: hash, events: 1 })
})
