import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { createNotificationEvent } from '../../src/notification/notification-event.js'
import { deliveryJournalOf, openDeliveryJournal } from '../../src/process/delivery-journal.js'
import { createDeliveryRecorder } from '../../src/process/delivery-recorder.js'
import { openRecorder } from '../../src/process/recorder.js'
import { delivery, message } from '../notification/fixtures.js'

// A recorder that is killed by one of its three messages. Run it in one folder several times: from the
// second run on its messages are redelivered, as by a broker that got no acknowledgement.

const [, , directory = ''] = process.argv
const ran = join(directory, 'ran')
const redelivered = existsSync(ran)
writeFileSync(ran, '')

const logger = pino({ enabled: false })
const logFile = join(directory, 'events.db')
await using recorder = await openRecorder(
  { logFile, viewsFile: join(directory, 'events.views.db'), command: 'record' },
  () => {},
  logger,
)
const onDeliveries = createDeliveryRecorder({
  record: recorder.record,
  compress: recorder.compress,
  journal: openDeliveryJournal(deliveryJournalOf(logFile)),
  logger,
  read(each) {
    if (each.body.includes('poison')) process.kill(process.pid, 'SIGKILL')
    return createNotificationEvent(each)
  },
})
await onDeliveries(
  ['before', 'poison', 'after'].map(id =>
    delivery(JSON.stringify(message('image.create', { id }, { message_id: id })), { redelivered }),
  ),
)
