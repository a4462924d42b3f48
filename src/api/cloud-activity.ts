import { type Activity, findSilences, type Silence, walkActivity } from '../audit/activity.js'
import { findGaps, type Gap } from '../audit/gaps.js'
import { readRecorderNotes } from '../audit/recorder-notes.js'
import { position } from '../ids.js'
import { openHistory } from '../log/history.js'
import { attachHistory } from '../projection/advance.js'
import type { StepwiseRead } from './background-reads.js'

/** The events of all clouds in a range of time, with the silences and gaps of their buses. */
export interface CloudActivity {
  readonly activity: Activity
  readonly silences: readonly Silence[]
  readonly gaps: readonly Gap[]
}

/** Positions `from` to `to`, both inclusive. */
interface PositionSpan {
  readonly from: number
  readonly to: number
}

/**
 * Read the activity of all clouds between two positions.
 *
 * @param silence the longest time without a notification that is not reported, in microseconds
 */
export function* readCloudActivity(
  logFile: string,
  { from, to }: PositionSpan,
  silence: number,
): StepwiseRead<CloudActivity> {
  using history = openHistory([logFile])
  attachHistory(
    history.db,
    history.parts.map(({ file }) => file),
  )
  const recordedAt = (at: number) => history.get(position(at))?.recordedAt ?? null
  const base = { ...history.base(), position: position(from - 1) }
  const scope = {
    db: history.db,
    history: { ...history, base: () => base },
    upTo: position(to),
    since: recordedAt(from),
    until: recordedAt(to),
  }
  const activity = yield* walkActivity(scope, SHORTEST_SLICE)
  const notes = readRecorderNotes({ history }, activity)
  return { activity, silences: findSilences(activity, silence), gaps: findGaps(notes) }
}

/** So that there are as many slices as possible, each with little to read. */
const SHORTEST_SLICE = 1
