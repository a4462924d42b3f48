import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Event } from '../../src/event/event.js'
import { openLog } from '../../src/log/open-log.js'
import { verifyLog } from '../../src/log/verify.js'
import { createNotificationEvent } from '../../src/notification/notification-event.js'
import { buildViews } from '../../src/projection/build.js'
import { openViews } from '../../src/projection/open-views.js'
import { at, cornmeal, idp, millet } from '../controls.js'
import { delivery } from '../notification/fixtures.js'
import { viewRows } from '../projection/view-rows.js'

const clouds = [idp, cornmeal, millet]

/**
 * Record the lines of an input as notifications, in batches. The first byte of a line chooses its cloud, and
 * whether a batch ends after it.
 *
 * @throws Error if views that were updated batch by batch differ from those built at once, or the log does not verify
 */
export function checkViews(bytes: Buffer): void {
  const folder = mkdtempSync(join(tmpdir(), 'mixmatch-fuzz-'))
  const [live, built] = [join(folder, 'live.db'), join(folder, 'built.db')]
  try {
    using log = openLog(join(folder, 'events.db'))
    log.db.pragma('synchronous = OFF')
    const { views } = openViews(live, [log.file])
    using _views = views
    for (const batch of batchesOf(bytes)) {
      log.append(batch, at(500))
      views.catchUp()
    }
    const { breaches } = verifyLog(log)
    if (breaches.length > 0) throw new Error(`the log does not verify: ${breaches[0]?.problem}`)
    buildViews(built, [log.file])
    const [one, other] = [live, built].map(file => JSON.stringify(viewRows(file)))
    if (one !== other) throw new Error(`the live views have ${one}, those built at once ${other}`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function batchesOf(bytes: Buffer): Event[][] {
  const batches: Event[][] = [[]]
  for (const line of bytes.toString('latin1').split('\n')) {
    const choice = line.charCodeAt(0) || 0
    const serviceProvider = clouds[choice % clouds.length] ?? idp
    const body = Buffer.from(line.slice(1), 'latin1')
    batches.at(-1)?.push(createNotificationEvent(delivery(body, { serviceProvider })))
    if (choice % 2 === 1) batches.push([])
  }
  return batches
}
