import { isContradiction } from '../anchor/anchor-check.js'
import type { LogReader } from '../log/event-log.js'
import type { History } from '../log/history.js'
import { listCaveats, time } from './audit-database.js'
import type { ChainCheck } from './chain-check.js'
import { formatCount } from './numbers.js'
import type { Report } from './report.js'

/** Report what verifying the hash chain, the positions and the triggers of every file found. */
export function reportVerification(history: History, check: ChainCheck): Report {
  const { events, head, breaches, anchors } = check
  const wrong = anchors.filter(isContradiction).length
  const failed = [
    ...(breaches.length > 0 ? [formatCount(breaches.length, 'breach', 'breaches')] : []),
    ...(wrong > 0 ? [`${formatCount(wrong, 'anchor')} that the log contradicts`] : []),
  ]
  return {
    title: 'Verification',
    verdict: check.holds
      ? `${formatCount(events, 'event')} hold${anchors.length > 0 ? ` and contain ${formatCount(anchors.length, 'anchor')}` : ''}.`
      : `${failed.join(' and ')}: compare with another copy.`,
    findings: [
      {
        says: formatCount(breaches.length, 'breach', 'breaches'),
        section: 'breaches',
        isAlarming: breaches.length > 0,
      },
      ...(anchors.length > 0
        ? [
            {
              says: `${formatCount(anchors.length, 'anchor')}, ${wrong} contradicted`,
              section: 'anchors',
              isAlarming: wrong > 0,
            },
          ]
        : []),
    ],
    scope: {
      log: history.parts.map(({ file }) => file).join(', '),
      events,
      last_position: head.position,
      head: head.hash,
      ...recordedSpan(history),
    },
    caveats: listCaveats({ history }),
    clouds: [],
    sections: [
      {
        name: 'breaches',
        title: 'What does not hold',
        columns: ['position', 'problem'],
        rows: breaches.map(breach => ({ ...breach })),
      },
    ],
    charts: [],
  }
}

/** When the first and the last event were recorded. */
function recordedSpan({ parts }: History) {
  const at = (part: LogReader | undefined, end: 'min' | 'max') =>
    part?.db
      .prepare<[], number | null>(
        `select recorded_at from main.events
        where position = (select ${end}(position) from main.events)`,
      )
      .pluck()
      .get() ?? null
  return {
    recorded_from: time(at(parts[0], 'min')),
    recorded_until: time(at(parts.at(-1), 'max')),
  }
}
