import { type Activity, findSilences, readActivity, type Silence } from './activity.js'
import type { AuditDatabase } from './audit-database.js'
import { findGaps, type Gap } from './gaps.js'
import { formatCount } from './numbers.js'
import { type RecorderNote, readRecorderNotes } from './recorder-notes.js'
import type { Caveat, Mark, VerdictNumber } from './report.js'

/** The silences and gaps, in which the log may lack events, and the activity between them. */
export interface Interruptions {
  readonly activity: Activity
  readonly notes: readonly RecorderNote[]
  readonly silences: readonly Silence[]
  readonly gaps: readonly Gap[]
}

/**
 * Read the silences and gaps of a history.
 *
 * @param silence the longest time without a notification that is not reported, in microseconds
 * @param clouds only these; an empty list for all
 */
export function readInterruptions(
  database: AuditDatabase,
  silence: number,
  clouds: readonly string[] = [],
): Interruptions {
  const activity = readActivity(database, silence)
  const notes = readRecorderNotes(database, activity)
  const isAsked = ({ cloud }: { cloud: string }) => clouds.length === 0 || clouds.includes(cloud)
  return {
    activity,
    notes,
    silences: findSilences(activity, silence).filter(isAsked),
    gaps: findGaps(notes).filter(isAsked),
  }
}

/** The numbers `9 silences` and `1 gap`: limits, not findings. */
export function interruptionFindings({ silences, gaps }: Interruptions): VerdictNumber[] {
  return [
    { says: formatCount(silences.length, 'silence'), section: 'silences', isAlarming: false },
    { says: formatCount(gaps.length, 'gap'), section: 'gaps', isAlarming: false },
  ]
}

/** A caveat that names the clouds with gaps and silences; none if there are neither. */
export function interruptionCaveats({ silences, gaps }: Interruptions): Caveat[] {
  if (silences.length + gaps.length === 0) return []
  const clouds = [...new Set([...gaps, ...silences].map(({ cloud }) => cloud))].sort().join(', ')
  const what = `${formatCount(gaps.length, 'gap')} and ${formatCount(silences.length, 'silence')}`
  return [
    {
      text: `${clouds}: ${what} in the record. What happened in these times may be missing.`,
      brief: `${what} in the record of ${clouds}`,
    },
  ]
}

/** The silences and gaps as marks in charts. */
export function interruptionMarks({ silences, gaps, activity }: Interruptions): Mark[] {
  return [
    ...silences.map(
      ({ cloud, from, until }): Mark => ({
        cloud,
        from,
        until,
        what: 'silence',
        says: 'nothing was heard',
      }),
    ),
    ...gaps.map(
      ({ cloud, from, until, what }): Mark => ({
        cloud,
        from: from ?? until ?? activity.from,
        until: until ?? activity.until,
        what: 'gap',
        says: what,
      }),
    ),
  ]
}
