import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { type AuditDatabase, openAuditDatabase } from '../../src/audit/audit-database.js'
import type { Cells, Report } from '../../src/audit/report.js'
import type { Event } from '../../src/event/event.js'
import type { Micros, Position } from '../../src/ids.js'
import { openHistory } from '../../src/log/history.js'
import { openLog } from '../../src/log/open-log.js'
import { at, folder } from '../controls.js'

/** An event, or events with the time of their recording. The default is `at(5000)`. */
export type Recorded = Event | readonly [Event | readonly Event[], Micros]

/** Open an audit database of these events. It is closed at the end of the test. */
export function auditDatabase(
  t: ExecutionContext,
  events: readonly Recorded[],
  upTo?: Position,
): AuditDatabase {
  const file = join(folder(t), 'events.db')
  {
    using log = openLog(file)
    for (const each of events) {
      const [event, received] = 'messageId' in each ? [each, at(5000)] : each
      log.append([event].flat(), received)
    }
  }
  const history = openHistory([file])
  const opened = openAuditDatabase(history, upTo)
  t.teardown(() => {
    opened[Symbol.dispose]()
    history[Symbol.dispose]()
  })
  return opened
}

/** The rows of a section of a report. */
export function rows(report: Report, section: string): readonly Cells[] {
  return report.sections.find(({ name }) => name === section)?.rows ?? []
}
