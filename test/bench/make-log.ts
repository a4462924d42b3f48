/**
 * Make a log of many events to try commands on: the recorded history of a cloud over and over, each
 * with its body and its place in the chain.
 *
 *     npx tsx test/bench/make-log.ts events.db 5000000
 */
import { now } from '../../src/event/time.js'
import { micros } from '../../src/ids.js'
import { openLog } from '../../src/log/open-log.js'
import { batches, recordedHistory } from './recorded-history.js'

const [file = 'events.db', events = '100000'] = process.argv.slice(2)
using log = openLog(file)
let received = now()
for (const batch of batches(recordedHistory(Number(events)))) {
  // What is recorded is a moment behind what is said.
  received = micros((batch.at(-1)?.emittedAt ?? received) + 50_000)
  log.append(batch, received)
}
console.log(`${file}: ${log.head().position} events`)
