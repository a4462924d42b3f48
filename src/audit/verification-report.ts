import type { History } from '../log/history.js'
import { verifyTogether } from '../log/verify.js'
import { formatCount } from './numbers.js'
import type { Report } from './report.js'

/**
 * Verify the hash chain, the positions and the triggers of every file.
 *
 * @param head a hash noted down earlier, which must be in the history
 * @param progress called from time to time with the approximate number of verified events
 */
export async function reportVerification(
  history: History,
  head: string | undefined,
  progress: (events: number) => void,
): Promise<{ report: Report; holds: boolean }> {
  const verdict = await verifyTogether(history, { noted: head, progress })
  const holds = verdict.breaches.length === 0
  const { position, archive } = history.base()
  return {
    holds,
    report: {
      title: 'Verification',
      verdict: holds
        ? `${verdict.events} events hold.`
        : `${formatCount(verdict.breaches.length, 'breach', 'breaches')}: compare with another copy.`,
      scope: {
        log: history.parts.map(({ file }) => file).join(', '),
        events: verdict.events,
        head: verdict.head.hash,
        noted_head: head ?? null,
      },
      caveats:
        position === 0
          ? []
          : [`The first ${position} events are in the archive ${archive}, which was not read.`],
      sections: [
        {
          name: 'breaches',
          title: 'What does not hold',
          columns: ['position', 'problem'],
          rows: verdict.breaches.map(breach => ({ ...breach })),
        },
      ],
      charts: [],
    },
  }
}
